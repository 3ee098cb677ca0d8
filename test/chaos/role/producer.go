//go:build linux

package role

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

const (
	// answerWithin bounds one request.
	answerWithin = 5 * time.Second
	// again is the pause before what had no answer is sent again.
	again = 100 * time.Millisecond
)

// sender is a producer's way to enqueue.
type sender interface {
	zeroq.Enqueuer
	io.Closer
}

// load sends the tasks of a plan.
type load struct {
	plan plan.Plan
	log  *ledger.Log
	send sender
}

// produce sends what the plan says, or what it can until SIGTERM.
func produce(p plan.Plan) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log, err := ledger.Open(p.Folder, p.Process)
	if err != nil {
		return err
	}
	defer log.Close()
	send, err := senderFor(p)
	if err != nil {
		return err
	}
	defer send.Close()
	log.Add(ledger.Record{Kind: ledger.Up, Key: uint64(time.Now().Unix())})
	l := load{plan: p, log: log, send: send}
	if l.all(ctx) {
		log.Add(ledger.Record{Kind: ledger.Down})
	}
	return nil
}

func senderFor(p plan.Plan) (sender, error) {
	conf := zeroq.RedisConf{Addrs: []string{p.Redis}}
	switch p.Load.Way {
	case plan.ByHTTP, plan.ByKey:
		c, err := client.New(p.Load.URL, client.WithHTTPClient(&http.Client{Timeout: answerWithin}))
		return remote{c}, err
	case plan.Direct, plan.Plain:
		return producer.New(producer.Conf{Redis: conf})
	case plan.ByList, plan.Garbage:
		return newPusher(p), nil
	default:
		return nil, fmt.Errorf("no way %q to enqueue", p.Load.Way)
	}
}

// remote is a client, which has nothing to close.
type remote struct{ *client.Client }

func (remote) Close() error { return nil }

// all sends everything, at the rate of the plan, and tells whether it did.
func (l load) all(ctx context.Context) bool {
	size := max(l.plan.Load.Batch, 1)
	if l.plan.Load.Way == plan.ByKey {
		size = 1 // the key stands for one request, which is sent again as it was
	}
	began := time.Now()
	for sent := 0; sent < l.plan.Load.Count; {
		if rate := l.plan.Load.Rate; rate > 0 {
			pause(ctx, time.Until(began.Add(time.Duration(float64(sent)/rate*float64(time.Second)))))
		}
		if ctx.Err() != nil {
			return false
		}
		n := min(size, l.plan.Load.Count-sent)
		newBatch(l, l.plan.Load.First+uint64(sent), n).deliver(ctx)
		sent += n
	}
	return true
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errorsOf gives each of n tasks its error.
func errorsOf(err error, n int) []error {
	if several := (*zeroq.BatchError)(nil); errors.As(err, &several) && len(several.Errors) == n {
		return several.Errors
	}
	all := make([]error, n)
	for i := range all {
		all[i] = err
	}
	return all
}
