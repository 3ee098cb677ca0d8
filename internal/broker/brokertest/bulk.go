package brokertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// pages reads all pages of a state, a few tasks each.
func (r *rig) pages(state zeroq.State) []*zeroq.TaskInfo {
	r.t.Helper()
	var all []*zeroq.TaskInfo
	query := zeroq.TaskQuery{Queue: "q", State: state, Limit: 2}
	for {
		page, err := r.Broker.Tasks(r.ctx, query)
		r.must(err)
		all = append(all, page.Tasks...)
		if query.Cursor = page.Next; query.Cursor == "" {
			return all
		}
	}
}

// spread puts three tasks in each state that a worker's outcome leads to, and three in the others.
func (r *rig) spread() {
	r.t.Helper()
	m := r.join("spreader")
	for _, state := range []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired} {
		for range 3 {
			r.enqueue(task())
			d := r.fetch(m, 1)[0]
			o := r.succeed(m, d)
			switch state {
			case zeroq.Retry, zeroq.Dead:
				o = r.failed(m, d, state)
				o.NextAttempt, o.RunAt = 2, m.Now().Add(time.Hour)
			case zeroq.Expired:
				o = broker.Outcome{Delivery: d, State: state, FinishedAt: m.Now()}
			}
			r.must(m.Settle(r.ctx, oneOutcome(o)))
		}
	}
	r.must(m.Leave(r.ctx))
	later := zeroq.Delay(time.Hour)
	r.enqueue(task(later), task(later), task(later), task(), task(), task())
}

func pagesOfEveryState(t *testing.T, r *rig) {
	r.spread()
	for _, state := range zeroq.States {
		want := 3
		if state == zeroq.Leased || state == zeroq.Cancelled {
			want = 0
		}
		if r.unlisted(state) {
			continue
		}
		found := r.pages(state)
		if len(found) != want {
			t.Errorf("%d %s, want %d", len(found), state, want)
		}
		seen := map[string]bool{}
		for _, info := range found {
			whole := r.info(info.ID)
			if seen[info.ID] || whole.State != state || info.State != state || info.Type != "echo" || info.Attempt != whole.Attempt ||
				info.Error != whole.Error || !info.EnqueuedAt.Equal(whole.EnqueuedAt) || !info.NextRunAt.Equal(whole.NextRunAt) {
				t.Errorf("the page of %s has %+v, the task is %+v", state, info, whole)
			}
			seen[info.ID] = true
		}
	}
	if m := r.join("w"); len(r.fetch(m, 3)) == 3 && len(r.pages(zeroq.Leased)) != 3 {
		t.Error("what a worker holds is not on the page of leased tasks")
	}
}

// unlisted reports that tasks of the state lie where nobody can look through them, and checks that
// whoever tries to is told.
func (r *rig) unlisted(state zeroq.State) bool {
	r.t.Helper()
	if !r.carried() || state != zeroq.Ready {
		return false
	}
	selection := zeroq.Selection{State: state}
	_, pageErr := r.Broker.Tasks(r.ctx, zeroq.TaskQuery{Queue: "q", State: state, Limit: 2})
	_, matchedErr := r.Broker.Matched(r.ctx, "q", selection)
	_, beginErr := r.Broker.Begin(r.ctx, zeroq.Operation{Queue: "q", Verb: zeroq.VerbDelete, Selection: selection})
	for what, err := range map[string]error{"page": pageErr, "number": matchedErr, "operation": beginErr} {
		if wrong, ok := errors.AsType[*zeroq.FieldError](err); !ok || wrong.Field != "state" {
			r.t.Errorf("the %s of ready tasks at a carrier: %v", what, err)
		}
	}
	return true
}

// listed is a state of tasks that can be looked through while they wait, and what puts them there.
func (r *rig) listed() (zeroq.State, []zeroq.Option) {
	if r.carried() {
		return zeroq.Scheduled, []zeroq.Option{zeroq.Delay(time.Hour)}
	}
	return zeroq.Ready, nil
}

func pagesRefuseCursor(t *testing.T, r *rig) {
	state, options := r.listed()
	r.enqueue(task(options...))
	_, err := r.Broker.Tasks(r.ctx, zeroq.TaskQuery{Queue: "q", State: state, Limit: 5, Cursor: "no cursor"})
	var wrong *zeroq.FieldError
	if !errors.As(err, &wrong) || wrong.Field != "cursor" {
		t.Errorf("answered %v", err)
	}
}

func (r *rig) begin(verb zeroq.Verb, selection zeroq.Selection, rate float64) zeroq.Operation {
	r.t.Helper()
	op, err := r.Broker.Begin(r.ctx, zeroq.Operation{Queue: "q", Verb: verb, Selection: selection, Rate: rate})
	r.must(err)
	return op
}

// operate does something to tasks and checks what became of the operation.
func (r *rig) operate(verb zeroq.Verb, selection zeroq.Selection, done, failed int64) {
	r.t.Helper()
	op := r.begin(verb, selection, 0)
	worked, err := r.Broker.Work(r.ctx)
	r.must(err)
	got, err := r.Broker.Operation(r.ctx, op.ID)
	r.must(err)
	if !worked || got.Status != zeroq.OperationDone || got.Done != done || got.Failed != failed || got.Matched != done {
		r.t.Errorf("%s of %s is %+v, want %d done and %d failed", verb, selection.State, got, done, failed)
	}
}

func operationsPurge(t *testing.T, r *rig) {
	r.spread()
	for _, state := range zeroq.States {
		if state == zeroq.Leased || state == zeroq.Cancelled || r.unlisted(state) {
			continue
		}
		matched, err := r.Broker.Matched(r.ctx, "q", zeroq.Selection{State: state})
		r.must(err)
		if matched != 3 {
			t.Errorf("%d %s match", matched, state)
		}
		gone := r.pages(state)
		r.operate(zeroq.VerbDelete, zeroq.Selection{State: state}, 3, 0)
		for _, info := range gone {
			if !r.gone(info.ID) {
				t.Errorf("a %s task is there still", state)
			}
		}
	}
}

func operationsRetry(t *testing.T, r *rig) {
	r.spread()
	if r.unlisted(zeroq.Ready) {
		m := r.join("w")
		for _, d := range r.fetch(m, 3) {
			r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
		}
		r.must(m.Leave(r.ctx))
	} else {
		r.operate(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready}, 3, 0)
	}
	r.operate(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Expired}, 3, 0)
	dead := r.pages(zeroq.Dead)
	r.operate(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead, IDs: []string{dead[0].ID, "nobody"}}, 1, 1)
	r.operate(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead}, 2, 0)
	m := r.join("w")
	attempts := []int{}
	for _, d := range r.fetch(m, 6) {
		attempts = append(attempts, d.Task.Attempt)
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	}
	if r.carried() {
		slices.Sort(attempts)
	}
	if !slices.Equal(attempts, []int{1, 1, 1, 2, 2, 2}) {
		t.Errorf("attempts %v", attempts)
	}
}

func operationsGoOn(t *testing.T, r *rig) {
	state, options := r.listed()
	r.enqueue(task(options...), task(options...), task(options...), task(options...))
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: state}, 4)
	ctx, cancel := context.WithCancel(r.ctx)
	stopped := make(chan error, 1)
	go func() {
		_, err := r.Broker.Work(ctx)
		stopped <- err
	}()
	r.until("it is at it", func() bool {
		got, err := r.Broker.Operation(r.ctx, op.ID)
		r.must(err)
		return got.Done > 0
	})
	cancel()
	r.must(<-stopped)
	got, err := r.Broker.Operation(r.ctx, op.ID)
	r.must(err)
	if got.Status != zeroq.OperationRunning || got.Done == 4 {
		t.Errorf("it was let go of as %+v", got)
	}
	worked, err := r.Broker.Work(r.ctx)
	r.must(err)
	got, err = r.Broker.Operation(r.ctx, op.ID)
	r.must(err)
	if !worked || got.Status != zeroq.OperationDone || got.Done != 4 || len(r.pages(state)) != 0 {
		t.Errorf("it ended as %+v", got)
	}
}

func operationsAbort(t *testing.T, r *rig) {
	state, options := r.listed()
	r.enqueue(task(options...))
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: state}, 0)
	r.must(r.Broker.Abort(r.ctx, op.ID))
	worked, err := r.Broker.Work(r.ctx)
	r.must(err)
	got, err := r.Broker.Operation(r.ctx, op.ID)
	r.must(err)
	if worked || got.Status != zeroq.OperationCancelled || got.Done != 0 || got.FinishedAt.IsZero() {
		t.Errorf("it is %+v", got)
	}
	if _, err := r.Broker.Operation(r.ctx, "op~q~aaaaaaaaaa"); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("one that never was: %v", err)
	}
	if err := r.Broker.Abort(r.ctx, "nonsense"); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("one that cannot be: %v", err)
	}
}
