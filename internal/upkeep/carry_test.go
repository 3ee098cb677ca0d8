package upkeep

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// registrar answers with its errors in turn, then with nil.
type registrar struct {
	errs  []error
	calls []broker.Powers
}

func (r *registrar) Carry(_ context.Context, _ string, powers broker.Powers) error {
	r.calls = append(r.calls, powers)
	if n := len(r.calls); n <= len(r.errs) {
		return r.errs[n-1]
	}
	return nil
}

func TestCarry_TriesUntilTheCarrierIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		errs  []error
		calls int
	}{
		{nil, 1},
		{[]error{errAway, zeroq.ErrUnsupported, errAway}, 4},
		{[]error{errAway, zeroq.ErrStoreFull, errAway}, 2}, // whose tasks are moved all the same
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &registrar{errs: test.errs}
			if !Carry(t.Context(), r, "q", broker.Powers{Name: "kafka", Order: true}) {
				t.Error("it gave up")
			}
			if len(r.calls) != test.calls || r.calls[0] != (broker.Powers{Name: "kafka", Order: true}) {
				t.Errorf("%v: %v", test.errs, r.calls)
			}
		})
	}
}

func TestCarry_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r := &registrar{errs: make([]error, 1000)}
		for i := range r.errs {
			r.errs[i] = zeroq.ErrUnsupported
		}
		if Carry(ctx, r, "q", broker.Powers{}) || len(r.calls) < 7 || len(r.calls) > 16 {
			t.Errorf("%d calls in ten seconds", len(r.calls))
		}
	})
}
