package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestTerm_EndsAsAContextDoes(t *testing.T) {
	t.Parallel()
	reason, stopped := errors.New("out of time"), errors.New("stopped")
	for name, c := range map[string]struct {
		end  func(lease context.CancelCauseFunc, t *term)
		want error
	}{
		"at its deadline":     {func(context.CancelCauseFunc, *term) { <-time.After(time.Second) }, reason},
		"with its lease":      {func(lease context.CancelCauseFunc, _ *term) { lease(zeroq.ErrLeaseLost) }, zeroq.ErrLeaseLost},
		"when it is stopped":  {func(_ context.CancelCauseFunc, t *term) { t.end(stopped); t.end(context.Canceled) }, stopped},
		"with its handler":    {func(_ context.CancelCauseFunc, t *term) { t.end(context.Canceled) }, context.Canceled},
		"lease, then handler": {func(lease context.CancelCauseFunc, t *term) { lease(stopped); t.end(context.Canceled) }, stopped},
	} {
		for _, asked := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					type key struct{}
					lease, end := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
					defer end(nil)
					one := newTerm(lease, time.Now().Add(time.Second), reason)
					if one.cause() != nil {
						t.Fatalf("it has ended: %v", one.cause())
					}
					if asked && (one.Err() != nil || one.Value(key{}) != "value") {
						t.Fatalf("it has ended: %v; its value is %v", one.Err(), one.Value(key{}))
					}
					c.end(end, one)
					synctest.Wait()
					if !errors.Is(one.cause(), c.want) {
						t.Errorf("asked %t: it ended by %v", asked, one.cause())
					}
					<-one.Done()
					if err := context.Cause(one); !errors.Is(err, c.want) || one.Err() == nil {
						t.Errorf("asked %t: %v by %v", asked, one.Err(), err)
					}
				})
			})
		}
	}
}
