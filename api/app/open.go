package app

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// Open is New on the Redis that the configuration names. It does not wait for Redis: /readyz tells
// whether it is there. Its queues are shown in Prometheus's default registry, which the DevServer of go-zero
// serves. Stop ends the connections.
func Open(conf Conf) (*App, error) {
	if err := conf.Validate(); err != nil {
		return nil, err
	}
	// Tasks have connections of their own, so that nobody who looks at queues keeps them waiting.
	tasks, err := redisq.Open(conf.Redis)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b, relays, err := openBroker(conf)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("broker: %w", err), tasks.Close())
	}
	closeBoth := func() {
		if err := errors.Join(tasks.Close(), b.Close()); err != nil {
			logx.Errorf("api: close: %v", err)
		}
	}
	a, err := New(conf, Deps{
		Enqueuer: newEnqueuer(tasks), Inspector: b, Controller: b, Operator: b, Timetable: b, Ledger: b, Ping: b.Ping,
	})
	if err != nil {
		closeBoth()
		return nil, err
	}
	a.upkeep = append(upkeepOf(b.Broker), relays...)
	a.close = closeBoth
	hide, err := metrics.Show(prometheus.DefaultRegisterer, b)
	if err != nil {
		a.Stop()
		return nil, err
	}
	a.close = func() {
		hide()
		closeBoth()
	}
	return a, nil
}
