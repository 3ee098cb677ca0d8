package kafkaq

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

func TestTLS_WhoIsVouchedForIsTrusted(t *testing.T) {
	t.Parallel()
	tlsConf, caFile := kafkatest.Authority(t)
	conf := server(t, kfake.TLS(tlsConf)).Conf()
	conf.TLS = zeroq.TLSConf{Enabled: true, CAFile: caFile}
	c := open(t, conf)
	publish(t, c, numbered("", 0, 3)...)
	receive(t, subscribe(t, c, 10), 3)
}

func TestTLS_WhoIsNotIsRefused(t *testing.T) {
	t.Parallel()
	tlsConf, caFile := kafkatest.Authority(t)
	_, otherFile := kafkatest.Authority(t)
	server := server(t, kfake.TLS(tlsConf))
	for name, trusted := range map[string]zeroq.TLSConf{
		"another authority": {Enabled: true, CAFile: otherFile},
		"the system's":      {Enabled: true},
		"another name":      {Enabled: true, CAFile: caFile, ServerName: "elsewhere.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := server.Conf()
			conf.TLS = trusted
			c := open(t, conf)
			if err := c.Ping(t.Context()); !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), "x509") {
				t.Errorf("ping: %v", err)
			}
			if err := c.Publish(t.Context(), "q", numbered("", 0, 1))[0]; err == nil || !strings.Contains(err.Error(), "x509") {
				t.Errorf("publish: %v", err)
			}
			sub := subscribe(t, c, 1)
			until(t, "the subscription says why", func() bool {
				err := sub.Err()
				return err != nil && strings.Contains(err.Error(), "x509")
			})
		})
	}
}

func TestTLS_FilesThatAreNoneAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for key, conf := range map[string]zeroq.TLSConf{
		"Kafka.TLS.CAFile":   {Enabled: true, CAFile: "connect_test.go"},
		"Kafka.TLS.CertFile": {Enabled: true, CertFile: "connect_test.go", KeyFile: "connect_test.go"},
	} {
		_, err := Open(zeroq.KafkaConf{Addrs: []string{"127.0.0.1:1"}, TLS: conf})
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestSASL_EachMechanism(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			server := server(t, kfake.EnableSASL(), kfake.Superuser(strings.ToUpper(mechanism), "zeroq", "secret"))
			conf := server.Conf()
			conf.Mechanism, conf.User, conf.Password = mechanism, "zeroq", "secret"
			c := open(t, conf)
			publish(t, c, numbered("", 0, 3)...)
			receive(t, subscribe(t, c, 10), 3)

			conf.Password = "wrong"
			c = open(t, conf)
			for what, err := range map[string]error{
				"ping": c.Ping(t.Context()), "publish": c.Publish(t.Context(), "q", numbered("", 0, 1))[0],
			} {
				if !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), "wrong user or password") {
					t.Errorf("%s with a wrong password: %v", what, err)
				}
			}
		})
	}
}

func TestOpen_RefusesAWrongConfiguration(t *testing.T) {
	t.Parallel()
	for key, conf := range map[string]zeroq.KafkaConf{
		"Kafka.Addrs":     {},
		"Kafka.Topic":     {Addrs: []string{"a:1"}, Topic: "one-for-all"},
		"Kafka.Mechanism": {Addrs: []string{"a:1"}, Mechanism: "kerberos"},
	} {
		if _, err := Open(conf); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
