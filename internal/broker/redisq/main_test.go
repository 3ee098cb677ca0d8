package redisq

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func TestConformance_Redis(t *testing.T) {
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		conf, client := redistest.New(t)
		return store(t, conf, client)
	})
}

func TestConformance_Miniredis(t *testing.T) {
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		conf := redistest.Mini(t)
		return store(t, conf, redistest.NewClient(t, conf))
	})
}

func store(t testing.TB, conf zeroq.RedisConf, client *redis.Client) brokertest.Store {
	t.Helper()
	b, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	return brokertest.Store{Broker: b, Push: func(queue, message string) {
		list := keysOf(queue).ready
		if queue == "foreign" {
			list = brokertest.ForeignList
		}
		if err := client.LPush(context.Background(), list, message).Err(); err != nil {
			t.Fatal(err)
		}
	}}
}
