package rabbitq

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/trusttest"
)

func TestOpen_ErrorsNameTheKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	must(t, os.WriteFile(noPEM, []byte("not a certificate"), 0o600))
	ca := trusttest.NewAuthority(t, dir, "ca")
	addrs := []string{"127.0.0.1:1"}
	for key, conf := range map[string]zeroq.RabbitMQConf{
		"RabbitMQ.Addrs":        {},
		"RabbitMQ.Queue":        {Addrs: addrs, Queue: "all"},
		"RabbitMQ.Type":         {Addrs: addrs, Type: "stream"},
		"RabbitMQ.TLS.Enabled":  {Addrs: addrs, TLS: zeroq.TLSConf{CAFile: ca.CertFile}},
		"RabbitMQ.TLS.CAFile":   {Addrs: addrs, TLS: zeroq.TLSConf{Enabled: true, CAFile: noPEM}},
		"RabbitMQ.TLS.CertFile": {Addrs: addrs, TLS: zeroq.TLSConf{Enabled: true, CertFile: ca.CertFile, KeyFile: noPEM}},
	} {
		if _, err := Open(conf); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
		}
	}
	conf := zeroq.RabbitMQConf{Addrs: addrs, TLS: zeroq.TLSConf{Enabled: true, CAFile: filepath.Join(dir, "none")}}
	if _, err := Open(conf); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such CA file: %v", err)
	}
}

func TestOpen_WrongPasswordIsSaidWithoutThePassword(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	conf.Password = "swordfish"
	c := open(t, conf)
	errs := c.Publish(t.Context(), queue, messages(0, 1))
	for _, err := range append(errs, c.Ping(t.Context())) {
		if !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), "password is wrong") || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%v", err)
		}
	}
}

func TestOpen_UnknownVHostIsSaid(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	conf.VHost = "nowhere"
	if err := open(t, conf).Ping(t.Context()); !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
}

func TestOpen_TriesTheAddressesInTurn(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	conf.Addrs = []string{unused(t), unused(t), conf.Addrs[0]}
	c := open(t, conf)
	must(t, c.Ping(t.Context()))
	noErrors(t, c.Publish(t.Context(), queue, messages(0, 1)))
}

func TestTLS_TrustsOnlyWhomItIsTold(t *testing.T) {
	t.Parallel()
	port, err := rabbitserver.FreePort()
	must(t, err)
	dir := t.TempDir()
	ca, stranger := trusttest.NewAuthority(t, dir, "ca"), trusttest.NewAuthority(t, dir, "stranger")
	server, client := ca.Issue(t, dir, "server", "rabbit.example"), ca.Issue(t, dir, "client", "rabbit.example")
	addr := net.JoinHostPort("127.0.0.1", port)
	conf := rabbittest.Start(t,
		"listeners.ssl.1 = "+addr, "ssl_options.cacertfile = "+ca.CertFile, "ssl_options.certfile = "+server.CertFile,
		"ssl_options.keyfile = "+server.KeyFile, "ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = true",
	).Conf()
	conf.Addrs = []string{addr}
	mutual := zeroq.TLSConf{Enabled: true, CAFile: ca.CertFile, CertFile: client.CertFile, KeyFile: client.KeyFile}
	wrongCA, noCert, wrongName, rightName := mutual, mutual, mutual, mutual
	wrongCA.CAFile = stranger.CertFile
	noCert.CertFile, noCert.KeyFile = "", ""
	wrongName.ServerName, rightName.ServerName = "elsewhere.example", "rabbit.example"
	for name, test := range map[string]struct {
		conf zeroq.TLSConf
		good bool
		says string
	}{
		"mutual":           {conf: mutual, good: true},
		"right name":       {conf: rightName, good: true},
		"wrong CA":         {conf: wrongCA, says: "unknown authority"},
		"no certificate":   {conf: noCert},
		"wrong name":       {conf: wrongName, says: "elsewhere.example"},
		"the system's CAs": {conf: zeroq.TLSConf{Enabled: true}, says: "unknown authority"},
		"no TLS":           {},
	} {
		conf.TLS = test.conf
		err := open(t, conf).Ping(t.Context())
		if test.good != (err == nil) || !test.good && !errors.Is(err, zeroq.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if test.says != "" && !strings.Contains(fmt.Sprint(err), test.says) {
			t.Errorf("%s: %v does not say why", name, err)
		}
	}
}

func TestAbilities_AreThoseOfTheVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[string][2]bool{
		"3.7.28": {false, false}, "3.8.0": {true, false}, "3.13.7": {true, false}, "4.0.1": {true, true},
		"4.2.0-rc.1": {true, true}, "2.4.1": {false, false}, "x": {false, false},
	} {
		quorum, limited := abilities(amqp.Table{"version": version})
		if got := [2]bool{quorum, limited}; got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
	if quorum, limited := abilities(nil); quorum || limited {
		t.Error("a server that does not say what it is can do something")
	}
}

func TestArguments_AreWhatTheServerHasAndTheConfigurationWants(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind            string
		quorum, limited bool
		want            string
	}{
		{"", false, false, "map[]"},
		{"", true, false, "map[x-queue-type:quorum]"},
		{"", true, true, "map[x-delivery-limit:-1 x-queue-type:quorum]"},
		{"quorum", false, false, "map[x-queue-type:quorum]"},
		{"classic", true, true, "map[]"},
	} {
		c := &conn{topology: newTopology(test.kind), quorum: test.quorum, limited: test.limited}
		if got := fmt.Sprint(c.arguments()); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}
