// Package app is the stock consumer as go-zero services, for a program of its own or as a part of
// one.
package app

import (
	"errors"
	"fmt"
	"net"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq/consumer/internal/config"
	"github.com/zeroq-dev/zeroq/consumer/internal/svc"
	"github.com/zeroq-dev/zeroq/worker"
)

// Conf is the configuration of the consumer.
type Conf = config.Config

// App is the consumer: a worker with the stock handlers, and an address that tells how it is.
type App struct {
	svc    *svc.ServiceContext
	worker *worker.Worker
	health *health
}

// New returns a consumer that listens for health checks already and takes tasks once its services
// are started. Options are those of the worker.
func New(conf Conf, options ...worker.Option) (*App, error) {
	if err := conf.Check(); err != nil {
		return nil, err
	}
	svcCtx, err := svc.New(conf)
	if err != nil {
		return nil, err
	}
	conf.SetShutdown()
	w, err := worker.New(conf.Worker, svcCtx.Mux, options...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("Worker: %w", err), svcCtx.Close())
	}
	h, err := newHealth(conf.Health, w.Ready)
	if err != nil {
		w.Stop()
		return nil, errors.Join(fmt.Errorf("Health: %w", err), svcCtx.Close())
	}
	return &App{svc: svcCtx, worker: w, health: h}, nil
}

// AddTo adds the consumer's services to a ServiceGroup.
func (a *App) AddTo(group *service.ServiceGroup) {
	a.worker.AddTo(group)
	group.Add(a.health)
}

// HealthAddr is where the health checks are answered.
func (a *App) HealthAddr() net.Addr { return a.health.listener.Addr() }

// Running is how many tasks it runs now.
func (a *App) Running() int { return a.worker.Running() }

// Close lets go of what is left once the group's Start has returned.
func (a *App) Close() error {
	a.worker.Stop()
	a.health.Stop()
	return a.svc.Close()
}
