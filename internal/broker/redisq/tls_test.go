package redisq

import (
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/internal/trusttest"
)

func TestOpen_TLSErrorsNameTheKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	if err := os.WriteFile(noPEM, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := trusttest.NewAuthority(t, dir, "ca")
	for name, test := range map[string]struct {
		conf zeroq.TLSConf
		key  string
	}{
		"no such CA file":         {zeroq.TLSConf{Enabled: true, CAFile: filepath.Join(dir, "none")}, "Redis.TLS.CAFile"},
		"CA file without one":     {zeroq.TLSConf{Enabled: true, CAFile: noPEM}, "Redis.TLS.CAFile"},
		"no such certificate":     {zeroq.TLSConf{Enabled: true, CertFile: filepath.Join(dir, "none"), KeyFile: noPEM}, "Redis.TLS.CertFile"},
		"a key that is none":      {zeroq.TLSConf{Enabled: true, CertFile: ca.CertFile, KeyFile: noPEM}, "Redis.TLS.CertFile"},
		"settings beside TLS off": {zeroq.TLSConf{CAFile: ca.CertFile}, "Redis.TLS.Enabled"},
		"a certificate alone":     {zeroq.TLSConf{Enabled: true, CertFile: ca.CertFile}, "Redis.TLS.CertFile"},
	} {
		_, err := Open(zeroq.RedisConf{Addrs: []string{"127.0.0.1:1"}, TLS: test.conf})
		if err == nil || !strings.HasPrefix(err.Error(), test.key+": ") {
			t.Errorf("%s: %v, want %s", name, err, test.key)
		}
	}
}

func TestTLS_TrustsOnlyWhomItIsTold(t *testing.T) {
	t.Parallel()
	if out, _ := exec.Command("redis-server", "--port", "0", "--tls-port", "0", "--no-such-setting", "1").CombinedOutput(); strings.Contains(string(out), "'tls-port") {
		t.Skip("this redis-server is built without TLS")
	}
	dir, port := t.TempDir(), freePort(t)
	ca, stranger := trusttest.NewAuthority(t, dir, "ca"), trusttest.NewAuthority(t, dir, "stranger")
	server, client := ca.Issue(t, dir, "server", "redis.example"), ca.Issue(t, dir, "client", "redis.example")
	redistest.StartServer(t, "--appendonly", "no", "--tls-port", port, "--tls-ca-cert-file", ca.CertFile,
		"--tls-cert-file", server.CertFile, "--tls-key-file", server.KeyFile)
	mutual := zeroq.TLSConf{Enabled: true, CAFile: ca.CertFile, CertFile: client.CertFile, KeyFile: client.KeyFile}
	wrongCA, noCert, wrongName, rightName := mutual, mutual, mutual, mutual
	wrongCA.CAFile = stranger.CertFile
	noCert.CertFile, noCert.KeyFile = "", ""
	wrongName.ServerName, rightName.ServerName = "elsewhere.example", "redis.example"
	for name, test := range map[string]struct {
		conf zeroq.TLSConf
		good bool
	}{
		"mutual": {mutual, true}, "right name": {rightName, true}, "wrong CA": {wrongCA, false}, "no certificate": {noCert, false},
		"wrong name": {wrongName, false}, "the system's CAs": {zeroq.TLSConf{Enabled: true}, false}, "no TLS": {zeroq.TLSConf{}, false},
	} {
		r := rigOn(t, zeroq.RedisConf{Addrs: []string{"127.0.0.1:" + port}, TLS: test.conf}, nil)
		err := r.Enqueue(t.Context(), newTasks(1))[0]
		if test.good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(name, "wrong CA") {
			var unknown x509.UnknownAuthorityError
			if !errors.As(err, &unknown) {
				t.Errorf("%s: %v does not say why", name, err)
			}
		}
	}
}
