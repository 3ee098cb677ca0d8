package upkeep

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// operations is a broker.Operator that has some left to go on with.
type operations struct {
	broker.Operator
	keeper
	left int
}

func (o *operations) Work(ctx context.Context) (bool, error) {
	err := o.call(ctx, "work")
	if o.hangs && ctx.Err() != nil {
		return true, nil // let go of
	}
	if err != nil || o.left == 0 {
		return false, err
	}
	o.left--
	return true, nil
}

func TestOperator_LooksEveryTwoSecondsAndAtOnceAfterWork(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errAway} {
		synctest.Test(t, func(t *testing.T) {
			o := &operations{keeper: keeper{err: err}}
			at := o.during(t, 10*time.Minute, "work", func(ctx context.Context) { Operator(ctx, o) })
			if _, longest, mean := gaps(at); mean < 1800*time.Millisecond || mean > 2200*time.Millisecond || longest > 2700*time.Millisecond {
				t.Errorf("error %v: a look every %v, at most %v", err, mean, longest)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		o := &operations{left: 50}
		if n := len(o.during(t, time.Second, "work", func(ctx context.Context) { Operator(ctx, o) })); n != 51 {
			t.Errorf("%d looks in a second, with 50 operations to go on with", n)
		}
	})
}

func TestOperator_TakesALongOneUpAgainAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &operations{keeper: keeper{hangs: true}}
		at := o.during(t, time.Minute, "work", func(ctx context.Context) { Operator(ctx, o) })
		if _, longest, _ := gaps(at); len(at) != 6 || longest > callTimeout+10*time.Millisecond {
			t.Errorf("%d rounds in a minute, %v from one to the next", len(at), longest)
		}
	})
}
