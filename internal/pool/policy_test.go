package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func flat(d time.Duration) zeroq.RetryPolicy { return zeroq.RetryPolicy{Base: d, Max: d} }

func TestJudge_ThePolicyIsThatOfTheTypeThenTheQueueThenThePool(t *testing.T) {
	t.Parallel()
	for want, tt := range map[time.Duration]struct {
		typ, queue zeroq.RetryPolicy
	}{
		time.Second: {},
		time.Minute: {queue: flat(time.Minute)},
		time.Hour:   {queue: flat(time.Minute), typ: flat(time.Hour)},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, func(c *Conf) { c.Queues[0].Retry = tt.queue })
			var options []zeroq.RouteOption
			if tt.typ != (zeroq.RetryPolicy{}) {
				options = append(options, zeroq.WithRetry(tt.typ))
			}
			r.mux.HandleFunc("x", answers(errHandler), options...)
			r.start()
			r.push(task("x"))
			if o := r.outcome(); o.State != zeroq.Retry || o.RunAt.Sub(o.FinishedAt) != want {
				t.Errorf("it is %s and waits %v, want %v", o.State, o.RunAt.Sub(o.FinishedAt), want)
			}
		})
	}
}

func TestJudge_ASnoozeIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", answers(zeroq.Snooze(time.Minute)))
		r.start()
		r.push(task("x", zeroq.MaxAttempts(1)))
		if o := r.outcome(); o.State != zeroq.Retry || o.NextAttempt != 1 || o.Failure != nil || o.RunAt.Sub(o.FinishedAt) != time.Minute {
			t.Errorf("%+v", o)
		}
	})
}

// joining notes how a pool joins.
type joining struct {
	broker.Broker
	last broker.Join
}

func (j *joining) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	j.last = join
	return j.Broker.Join(ctx, join)
}

func TestPool_JoinsWithTheRetentionOfTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Queues[0].Retention = 3 * time.Hour })
		j := &joining{Broker: r.fake}
		r.pool.broker = j
		r.start()
		if j.last.Retention != 3*time.Hour {
			t.Errorf("it joins with %+v", j.last)
		}
	})
}
