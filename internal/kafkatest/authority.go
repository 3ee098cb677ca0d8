package kafkatest

import (
	"crypto/tls"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/trusttest"
)

// Authority makes an authority for this test alone. It returns the TLS configuration of a server at 127.0.0.1
// that it vouches for, and the file that says whom to trust.
func Authority(t testing.TB) (server *tls.Config, caFile string) {
	t.Helper()
	dir := t.TempDir()
	ca := trusttest.NewAuthority(t, dir, "ca")
	kafka := ca.Issue(t, dir, "kafka", "kafka.test")
	cert, err := tls.LoadX509KeyPair(kafka.CertFile, kafka.KeyFile)
	check(t, "load the certificate", err)
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, ca.CertFile
}
