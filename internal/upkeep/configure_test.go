package upkeep

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// configurer is a broker.Keeper that is away for the first calls.
type configurer struct {
	broker.Keeper
	away  int
	calls []zeroq.Limits
}

func (c *configurer) Configure(_ context.Context, _ string, limits zeroq.Limits) error {
	c.calls = append(c.calls, limits)
	if len(c.calls) <= c.away {
		return errAway
	}
	return nil
}

func TestConfigure_TriesUntilTheLimitsAreSetOnce(t *testing.T) {
	t.Parallel()
	for _, away := range []int{0, 1, 5} {
		synctest.Test(t, func(t *testing.T) {
			c, began := &configurer{away: away}, time.Now()
			Configure(t.Context(), c, "q", zeroq.Limits{Rate: 2})
			if len(c.calls) != away+1 || c.calls[away].Rate != 2 {
				t.Errorf("away for %d calls: %v", away, c.calls)
			}
			if took := time.Since(began); took > time.Duration(away+1)*configureEvery*4/3 {
				t.Errorf("away for %d calls: it took %v", away, took)
			}
		})
	}
}

func TestConfigure_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c := &configurer{away: 1000}
		if Configure(ctx, c, "q", zeroq.Limits{Rate: 2}); len(c.calls) < 7 || len(c.calls) > 16 {
			t.Errorf("%d calls in ten seconds", len(c.calls))
		}
	})
}
