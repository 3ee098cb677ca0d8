package rabbitq

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq"
)

// trust makes the TLS configuration; nil when TLS is off.
func trust(conf zeroq.TLSConf) (*tls.Config, error) {
	if !conf.Enabled {
		return nil, nil
	}
	result := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: conf.ServerName}
	if conf.CAFile != "" {
		pem, err := os.ReadFile(conf.CAFile)
		if err != nil {
			return nil, fmt.Errorf("RabbitMQ.TLS.CAFile: %w", err)
		}
		result.RootCAs = x509.NewCertPool()
		if !result.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("RabbitMQ.TLS.CAFile: %s holds no certificate", conf.CAFile)
		}
	}
	if conf.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(conf.CertFile, conf.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("RabbitMQ.TLS.CertFile: %w", err)
		}
		result.Certificates = []tls.Certificate{cert}
	}
	return result, nil
}
