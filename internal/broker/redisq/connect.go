package redisq

import (
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trust"
)

// maxWaiters bounds the connections for waiting. Each queue and each intake of this process holds
// one all the time; they are made when they are needed.
const maxWaiters = 10_000

// connect makes the two clients: one for calls, one for waiting, whose calls block for long and
// must not be sent again, as a second BLMOVE moves a second message.
func connect(conf zeroq.RedisConf) (calls, waits redis.UniversalClient, err error) {
	if err := conf.Validate(); err != nil {
		return nil, nil, err
	}
	tlsConf, err := trust.Config("Redis.TLS", conf.TLS)
	if err != nil {
		return nil, nil, err
	}
	options := redis.UniversalOptions{
		Addrs: conf.Addrs, MasterName: conf.Master, IsClusterMode: conf.Cluster, DB: conf.DB,
		Username: conf.User, Password: conf.Password,
		SentinelUsername: conf.SentinelUser, SentinelPassword: conf.SentinelPassword,
		PoolSize: conf.PoolSize, TLSConfig: tlsConf, ContextTimeoutEnabled: true,
		DisableIdentity: true, ClientName: "zeroq",
		// Only Redis Enterprise knows these, and go-redis 9.23 races with itself when connections that are
		// made at the same time find out that their server does not.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	waiting := options
	waiting.MaxRetries = -1
	waiting.PoolSize = maxWaiters
	return redis.NewUniversalClient(&options), redis.NewUniversalClient(&waiting), nil
}
