package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) {
	logx.Disable()
	goleak.VerifyTestMain(m, redistest.GoZero...)
}

var (
	errHandler    = errors.New("handler failed")
	errUnreadable = errors.New("not a message")
	errAway       = zeroq.ErrUnavailable
)

// rig is a pool at work in a bubble of synctest.
type rig struct {
	*fake
	t      *testing.T
	pool   *Pool
	mux    *zeroq.Mux
	cancel context.CancelFunc
	ended  chan struct{}
}

// prepare makes a pool of one queue, "default", with ten slots; settings may change that.
func prepare(t *testing.T, settings ...func(*Conf)) *rig {
	t.Helper()
	conf := Conf{
		Worker: "w", Concurrency: 10, Lease: 12 * time.Second, Drain: 20 * time.Second,
		Queues: []Queue{{Name: "default", Weight: 1, Mode: broker.AtLeastOnce}},
		Retry:  zeroq.RetryPolicy{Base: time.Second, Max: time.Hour},
	}
	for _, set := range settings {
		set(&conf)
	}
	r := &rig{fake: newFake(), t: t, mux: zeroq.NewMux(), ended: make(chan struct{})}
	r.pool = New(conf, r.mux, r.fake)
	return r
}

// start runs the pool until the test ends, or calls stop.
func (r *rig) start() {
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(r.ended)
		r.pool.Run(ctx)
	}()
	r.t.Cleanup(r.stop)
	synctest.Wait()
}

// stop ends the pool and returns how long that took.
func (r *rig) stop() {
	r.cancel()
	<-r.ended
}

func (r *rig) stopTime() time.Duration {
	began := time.Now()
	r.stop()
	return time.Since(began)
}

// pass lets time go by, and everything happen that happens until then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// handle registers a handler that notes its end.
func (r *rig) handle(typ string, handler zeroq.HandlerFunc) {
	r.mux.HandleFunc(typ, func(ctx context.Context, task *zeroq.Task) error {
		defer r.note("handler")
		return handler(ctx, task)
	})
}

// outcome waits until one outcome is recorded, and returns it.
func (r *rig) outcome() broker.Outcome {
	r.t.Helper()
	for range 100_000 {
		synctest.Wait()
		if all := r.settled(); len(all) > 0 {
			return all[0]
		}
		<-time.After(10 * time.Millisecond)
	}
	r.t.Fatal("no outcome was recorded")
	return broker.Outcome{}
}

func task(typ string, options ...zeroq.Option) *zeroq.Task {
	return zeroq.NewTask(typ, nil, options...)
}

func tasks(typ string, n int, options ...zeroq.Option) []*zeroq.Task {
	all := make([]*zeroq.Task, n)
	for i := range all {
		all[i] = task(typ, options...)
	}
	return all
}

func atMostOnce(c *Conf) { c.Queues[0].Mode = broker.AtMostOnce }

// untilDone waits for the end of its context.
func untilDone(ctx context.Context, _ *zeroq.Task) error {
	<-ctx.Done()
	return ctx.Err()
}

// count is how many outcomes are in a state.
func count(outcomes []broker.Outcome, state zeroq.State) (n int) {
	for _, o := range outcomes {
		if o.State == state {
			n++
		}
	}
	return n
}
