// Package svc holds what the parts of the consumer share.
package svc

import (
	"io"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/consumer/internal/config"
	"github.com/zeroq-dev/zeroq/consumer/internal/tasks"
)

// ServiceContext is the configuration and the handlers made by it.
type ServiceContext struct {
	Config config.Config
	Mux    *zeroq.Mux
	closer io.Closer
}

// New makes the handlers that the configuration asks for.
func New(conf config.Config) (*ServiceContext, error) {
	mux := zeroq.NewMux()
	closer, err := tasks.Register(mux, conf.Tasks)
	if err != nil {
		return nil, err
	}
	return &ServiceContext{Config: conf, Mux: mux, closer: closer}, nil
}

// Close lets go of what the handlers hold, once none runs any more.
func (s *ServiceContext) Close() error { return s.closer.Close() }
