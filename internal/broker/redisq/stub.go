package redisq

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Work in progress: each method moves to the file of its noun when it is built.

func (b *Broker) Reserve(context.Context, string, string, time.Duration) (broker.Reservation, error) {
	return broker.Reservation{}, zeroq.ErrUnsupported
}
func (b *Broker) Renew(context.Context, string, time.Duration) error { return zeroq.ErrUnsupported }
func (b *Broker) Complete(context.Context, string, []byte) error     { return zeroq.ErrUnsupported }
func (b *Broker) Release(context.Context, string) error              { return zeroq.ErrUnsupported }
