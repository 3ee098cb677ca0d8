// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

// Package svc holds what the logic of all requests shares.
package svc

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/config"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Deps are what the API stands on.
type Deps struct {
	// Enqueuer puts tasks on their queues. It gets valid ones only.
	Enqueuer zeroq.Enqueuer
	// Inspector looks at tasks, queues and workers.
	Inspector broker.Inspector
	// Controller changes tasks and queues by hand.
	Controller broker.Controller
	// Operator does something to many tasks.
	Operator broker.Operator
	// Timetable keeps schedules.
	Timetable broker.Timetable
	// Ledger keeps the answers of requests that may be sent again.
	Ledger broker.Ledger
	// Ping answers an error when the broker cannot be reached.
	Ping func(ctx context.Context) error
}

// ServiceContext is what the logic of all requests shares.
type ServiceContext struct {
	Config config.Config
	Deps
	// Stopping ends when the API is told to stop: nobody waits any longer.
	Stopping context.Context
}

// NewServiceContext returns the context of an API that stops when stopping ends.
func NewServiceContext(stopping context.Context, c config.Config, deps Deps) *ServiceContext {
	return &ServiceContext{Config: c, Deps: deps, Stopping: stopping}
}

// Admits reports zeroq.ErrUnknownQueue for a task whose queue is closed.
func (s *ServiceContext) Admits(task *zeroq.Task) error {
	queue := cmp.Or(task.Queue, zeroq.DefaultQueue)
	if len(s.Config.Queues) == 0 || slices.Contains(s.Config.Queues, queue) {
		return nil
	}
	return zeroq.ErrUnknownQueue
}

// EnqueueOne puts the task on its queue, for no longer than the configured Timeout.
func (s *ServiceContext) EnqueueOne(ctx context.Context, task *zeroq.Task) error {
	ctx, cancel := s.BrokerContext(ctx)
	defer cancel()
	return s.Enqueuer.Enqueue(ctx, task)
}

// Enqueue puts the tasks on their queues, for no longer than the configured Timeout, and answers
// with one error for each.
func (s *ServiceContext) Enqueue(ctx context.Context, tasks []*zeroq.Task) []error {
	ctx, cancel := s.BrokerContext(ctx)
	defer cancel()
	err := s.Enqueuer.Enqueue(ctx, tasks...)
	var batch *zeroq.BatchError
	if errors.As(err, &batch) && len(batch.Errors) == len(tasks) {
		return batch.Errors
	}
	errs := make([]error, len(tasks))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// BrokerContext bounds how long a request waits for the broker.
func (s *ServiceContext) BrokerContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.Config.Timeout)
}
