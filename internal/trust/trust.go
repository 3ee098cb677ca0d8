// Package trust makes TLS configurations of what users write down of them. Servers are always verified.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq"
)

// Config makes the TLS configuration; nil when TLS is off. key is where the settings stand, for errors.
func Config(key string, conf zeroq.TLSConf) (*tls.Config, error) {
	if !conf.Enabled {
		return nil, nil
	}
	result := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: conf.ServerName}
	if conf.CAFile != "" {
		pem, err := os.ReadFile(conf.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%s.CAFile: %w", key, err)
		}
		result.RootCAs = x509.NewCertPool()
		if !result.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s.CAFile: %s holds no certificate", key, conf.CAFile)
		}
	}
	if conf.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(conf.CertFile, conf.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%s.CertFile: %w", key, err)
		}
		result.Certificates = []tls.Certificate{cert}
	}
	return result, nil
}
