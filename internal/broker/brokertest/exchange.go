package brokertest

import (
	"errors"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// exchanger is the member, if it can settle and fetch in one call.
func (r *rig) exchanger(m broker.Member) broker.Exchanger {
	r.t.Helper()
	e, can := m.(broker.Exchanger)
	if !can {
		r.t.Skip("its members settle and fetch by calls of their own")
	}
	return e
}

func exchangeBoth(t *testing.T, r *rig) {
	m := r.join("w")
	e := r.exchanger(m)
	r.enqueue(task(), task(), task(), task())
	held := r.fetch(m, 2)
	outcomes := []broker.Outcome{r.succeed(m, held[0]), {Delivery: held[1], State: zeroq.Ready}}
	next, fetching, settling := e.Exchange(r.ctx, outcomes, 2, 0)
	r.must(fetching)
	r.must(settling)
	if len(next) != 2 {
		t.Fatalf("fetched %v", ids(next))
	}
	if info := r.info(held[0].Task.ID); info.State != zeroq.Succeeded {
		t.Errorf("the task is %s", info.State)
	}
	last, fetching, settling := e.Exchange(r.ctx, []broker.Outcome{r.succeed(m, next[0]), r.failed(m, next[1], zeroq.Dead)}, 1, 5)
	r.must(fetching)
	r.must(settling)
	if len(last) != 1 {
		t.Fatalf("fetched %v", ids(last))
	}
	if none, fetching, settling := e.Exchange(r.ctx, oneOutcome(r.succeed(m, last[0])), 1, 0); len(none) > 0 || fetching != nil || settling != nil {
		t.Errorf("fetched %v, fetching: %v, settling: %v", ids(none), fetching, settling)
	}
	r.counts(map[zeroq.State]int64{zeroq.Succeeded: 3, zeroq.Dead: 1})
}

func exchangeAnswers(t *testing.T, r *rig) {
	m := r.join("w")
	e := r.exchanger(m)
	r.enqueue(task(), task())
	d := r.fetch(m, 1)[0]
	o := r.succeed(m, d)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	next, fetching, settling := e.Exchange(r.ctx, oneOutcome(o), 1, 0)
	if !errors.Is(settling, zeroq.ErrLeaseLost) || fetching != nil || len(next) != 1 {
		t.Fatalf("settled again: %v; fetched %v, %v", settling, ids(next), fetching)
	}
	r.must(r.Broker.Pause(r.ctx, "q"))
	none, fetching, settling := e.Exchange(r.ctx, oneOutcome(r.succeed(m, next[0])), 1, 0)
	if !errors.Is(fetching, broker.ErrPaused) || settling != nil || len(none) > 0 {
		t.Errorf("of a paused queue: fetched %v, %v; settled: %v", ids(none), fetching, settling)
	}
	r.counts(map[zeroq.State]int64{zeroq.Succeeded: 2})
}
