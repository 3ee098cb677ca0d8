package zeroq

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// RedisConf says how to reach Redis, in one shape for a single server, Sentinel and Cluster.
type RedisConf struct {
	// Addrs are host:port pairs: of the server; of Sentinels when Master is set; of any nodes when
	// Cluster is set. A path that begins with "/" is a unix socket.
	Addrs []string `json:",default=[127.0.0.1:6379]"`
	// Master is the name that Sentinel knows the master by. Setting it means Sentinel.
	Master string `json:",optional"`
	// Cluster means Redis Cluster.
	Cluster bool `json:",optional"`
	// User and Password authenticate; User is empty before Redis 6 ACLs.
	User     string `json:",optional"`
	Password string `json:",optional,env=ZEROQ_REDIS_PASSWORD"`
	// SentinelUser and SentinelPassword authenticate with the Sentinels.
	SentinelUser     string `json:",optional"`
	SentinelPassword string `json:",optional,env=ZEROQ_REDIS_SENTINEL_PASSWORD"`
	// DB is the database number; Cluster has only 0.
	DB int `json:",optional"`
	// PoolSize is the most connections to one node. Default: 10 for each CPU.
	PoolSize int `json:",optional"`
	// TLS encrypts the connection.
	TLS TLSConf `json:",optional"`
}

// TLSConf turns TLS on and says whom to trust. The server's certificate is always verified.
type TLSConf struct {
	// Enabled turns TLS on, version 1.2 or later.
	Enabled bool `json:",optional"`
	// CAFile is a PEM file of authorities to trust in place of the system's.
	CAFile string `json:",optional"`
	// CertFile and KeyFile are PEM files of this client's certificate, for mutual TLS.
	CertFile string `json:",optional"`
	KeyFile  string `json:",optional"`
	// ServerName is the name in the server's certificate when it is not the host of the address.
	ServerName string `json:",optional"`
}

// SetDefaults fills in what is not set.
func (c *RedisConf) SetDefaults() {
	if len(c.Addrs) == 0 {
		c.Addrs = []string{"127.0.0.1:6379"}
	}
}

// Validate reports settings that contradict each other, by their key.
func (c RedisConf) Validate() error {
	switch {
	case c.Cluster && c.Master != "":
		return errors.New("Redis.Cluster: cannot stand beside Redis.Master")
	case c.Cluster && c.DB != 0:
		return errors.New("Redis.DB: Redis Cluster has only database 0")
	case c.DB < 0:
		return fmt.Errorf("Redis.DB: %d is negative", c.DB)
	case !c.Cluster && c.Master == "" && len(c.Addrs) > 1:
		return errors.New("Redis.Addrs: several addresses need Redis.Cluster or Redis.Master")
	}
	if err := c.TLS.validate("Redis.TLS"); err != nil {
		return err
	}
	return checkAddrs("Redis.Addrs", c.Addrs, true)
}

// validate reports settings that contradict each other. key is where the settings stand.
func (c TLSConf) validate(key string) error {
	switch {
	case !c.Enabled && c != TLSConf{}:
		return fmt.Errorf("%s.Enabled: is false beside other TLS settings", key)
	case (c.CertFile == "") != (c.KeyFile == ""):
		return fmt.Errorf("%s.CertFile: needs %s.KeyFile, and the other way round", key, key)
	}
	return nil
}

// checkAddrs reports an address that can never be dialled, so that a forgotten port does not look like
// a server that is away.
func checkAddrs(key string, addrs []string, sockets bool) error {
	if len(addrs) == 0 {
		return fmt.Errorf("%s: at least one address is needed", key)
	}
	for i, addr := range addrs {
		if sockets && strings.HasPrefix(addr, "/") {
			continue
		}
		if _, port, err := net.SplitHostPort(addr); err == nil && isPort(port) {
			continue
		}
		want := "host:port"
		if sockets {
			want += ", or the path of a unix socket"
		}
		return fmt.Errorf("%s[%d]: %q: want %s", key, i, addr, want)
	}
	return nil
}

// isPort reports a port that can be dialled.
func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}
