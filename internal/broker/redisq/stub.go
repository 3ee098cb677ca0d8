package redisq

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Work in progress: each method moves to the file of its noun when it is built.

func (b *Broker) Schedules(context.Context) ([]zeroq.Schedule, error) {
	return nil, zeroq.ErrUnsupported
}
func (b *Broker) Schedule(context.Context, string) (zeroq.Schedule, error) {
	return zeroq.Schedule{}, zeroq.ErrUnsupported
}
func (b *Broker) PutSchedule(context.Context, zeroq.Schedule) (bool, error) {
	return false, zeroq.ErrUnsupported
}
func (b *Broker) DeleteSchedule(context.Context, string) error { return zeroq.ErrUnsupported }
func (b *Broker) PauseSchedule(context.Context, string) error  { return zeroq.ErrUnsupported }
func (b *Broker) ResumeSchedule(context.Context, string) error { return zeroq.ErrUnsupported }
func (b *Broker) RunSchedule(context.Context, string) (string, error) {
	return "", zeroq.ErrUnsupported
}
func (b *Broker) Configured(context.Context, string, []zeroq.Schedule) error { return nil }
func (b *Broker) Tick(context.Context) (int, time.Duration, error) {
	return 0, time.Second, nil
}

func (b *Broker) Reserve(context.Context, string, string, time.Duration) (broker.Reservation, error) {
	return broker.Reservation{}, zeroq.ErrUnsupported
}
func (b *Broker) Renew(context.Context, string, time.Duration) error { return zeroq.ErrUnsupported }
func (b *Broker) Complete(context.Context, string, []byte) error     { return zeroq.ErrUnsupported }
func (b *Broker) Release(context.Context, string) error              { return zeroq.ErrUnsupported }
