package zeroq

import (
	"strings"
	"testing"
)

func TestRedisConf_ValidateNamesTheKey(t *testing.T) {
	t.Parallel()
	one := []string{"a:1"}
	for _, test := range []struct {
		key  string
		conf RedisConf
	}{
		{"", RedisConf{Addrs: one}},
		{"", RedisConf{Addrs: []string{"a:1", "b:1"}, Cluster: true}},
		{"", RedisConf{Addrs: []string{"a:1", "b:1"}, Master: "m", DB: 3}},
		{"", RedisConf{Addrs: one, TLS: TLSConf{Enabled: true, CertFile: "c", KeyFile: "k"}}},
		{"", RedisConf{Addrs: []string{"[::1]:6379"}}},
		{"", RedisConf{Addrs: []string{"/run/redis.sock"}}},
		{"Redis.Addrs", RedisConf{}},
		{"Redis.Addrs[0]", RedisConf{Addrs: []string{"redis"}}},
		{"Redis.Addrs[0]", RedisConf{Addrs: []string{""}}},
		{"Redis.Addrs[0]", RedisConf{Addrs: []string{"redis:"}}},
		{"Redis.Addrs[1]", RedisConf{Addrs: []string{"a:1", "redis://b:1"}, Cluster: true}},
		{"Redis.Addrs", RedisConf{Addrs: []string{"a:1", "b:1"}}},
		{"Redis.Cluster", RedisConf{Addrs: one, Cluster: true, Master: "m"}},
		{"Redis.DB", RedisConf{Addrs: one, Cluster: true, DB: 1}},
		{"Redis.DB", RedisConf{Addrs: one, DB: -1}},
		{"Redis.TLS.Enabled", RedisConf{Addrs: one, TLS: TLSConf{CAFile: "x"}}},
		{"Redis.TLS.CertFile", RedisConf{Addrs: one, TLS: TLSConf{Enabled: true, CertFile: "x"}}},
		{"Redis.TLS.CertFile", RedisConf{Addrs: one, TLS: TLSConf{Enabled: true, KeyFile: "x"}}},
	} {
		err := test.conf.Validate()
		if test.key == "" && err != nil || test.key != "" && (err == nil || !strings.HasPrefix(err.Error(), test.key+": ")) {
			t.Errorf("%+v: %v, want %q", test.conf, err, test.key)
		}
	}
}
