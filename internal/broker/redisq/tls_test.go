package redisq

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestOpen_TLSErrorsNameTheKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	if err := os.WriteFile(noPEM, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t, dir, "ca")
	for name, test := range map[string]struct {
		conf zeroq.TLSConf
		key  string
	}{
		"no such CA file":         {zeroq.TLSConf{Enabled: true, CAFile: filepath.Join(dir, "none")}, "Redis.TLS.CAFile"},
		"CA file without one":     {zeroq.TLSConf{Enabled: true, CAFile: noPEM}, "Redis.TLS.CAFile"},
		"no such certificate":     {zeroq.TLSConf{Enabled: true, CertFile: filepath.Join(dir, "none"), KeyFile: noPEM}, "Redis.TLS.CertFile"},
		"a key that is none":      {zeroq.TLSConf{Enabled: true, CertFile: ca.certFile, KeyFile: noPEM}, "Redis.TLS.CertFile"},
		"settings beside TLS off": {zeroq.TLSConf{CAFile: ca.certFile}, "Redis.TLS.Enabled"},
		"a certificate alone":     {zeroq.TLSConf{Enabled: true, CertFile: ca.certFile}, "Redis.TLS.CertFile"},
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
	ca, stranger := newAuthority(t, dir, "ca"), newAuthority(t, dir, "stranger")
	server, client := ca.issue(t, dir, "server"), ca.issue(t, dir, "client")
	redistest.StartServer(t, "--appendonly", "no", "--tls-port", port, "--tls-ca-cert-file", ca.certFile,
		"--tls-cert-file", server.certFile, "--tls-key-file", server.keyFile)
	mutual := zeroq.TLSConf{Enabled: true, CAFile: ca.certFile, CertFile: client.certFile, KeyFile: client.keyFile}
	wrongCA, noCert, wrongName, rightName := mutual, mutual, mutual, mutual
	wrongCA.CAFile = stranger.certFile
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

// identity is a certificate and its key, in files.
type identity struct {
	certFile, keyFile string
	cert              *x509.Certificate
	key               *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir, name string) identity {
	t.Helper()
	return sign(t, dir, name, nil)
}

func (ca identity) issue(t *testing.T, dir, name string) identity {
	t.Helper()
	return sign(t, dir, name, &ca)
}

// sign makes a certificate that by has signed, or the certificate's own key.
func sign(t *testing.T, dir, name string, by *identity) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"redis.example"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	made := identity{certFile: filepath.Join(dir, name+".pem"), keyFile: filepath.Join(dir, name+".key"), key: key}
	parent, signer := template, key
	if by == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if made.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, made.certFile, "CERTIFICATE", der)
	writePEM(t, made.keyFile, "EC PRIVATE KEY", keyDER)
	return made
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
