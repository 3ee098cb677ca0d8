package trust

import (
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func TestConfig_IsNeverOlderThanTwelve(t *testing.T) {
	t.Parallel()
	conf, err := Config("Redis.TLS", zeroq.TLSConf{Enabled: true, ServerName: "redis.example"})
	if err != nil || conf.MinVersion != 0x0303 || conf.ServerName != "redis.example" || conf.InsecureSkipVerify {
		t.Errorf("%+v, %v", conf, err)
	}
	if conf, err := Config("Redis.TLS", zeroq.TLSConf{}); conf != nil || err != nil {
		t.Errorf("off: %+v, %v", conf, err)
	}
}
