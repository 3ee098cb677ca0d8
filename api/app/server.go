package app

import (
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

// How long a connection may take. Bodies of batches and their answers move these as they go.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	// answerTimeout is counted from the header, so it is more than any route's own timeout.
	answerTimeout = 90 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// newServer returns a server that has its certificate, if there is to be one.
func newServer(h http.Handler, conf Conf) (*http.Server, error) {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(logWriter{}, "", 0),
	}
	if conf.CertFile == "" {
		return server, nil
	}
	certificate, err := tls.LoadX509KeyPair(conf.CertFile, conf.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("CertFile, KeyFile: %w", err)
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return server, nil
}

// logWriter sends what net/http says about connections to go-zero's log.
type logWriter struct{}

// Write logs one line.
func (logWriter) Write(p []byte) (int, error) {
	logx.Info(strings.TrimSpace(string(p)))
	return len(p), nil
}
