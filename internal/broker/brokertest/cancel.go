package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// byHand is what operators rely on.
var byHand = suite{
	"Cancel_ReadyNeverStarts":             cancelReady,
	"Cancel_WaitingNeverStarts":           cancelWaiting,
	"Cancel_LeasedIsTold":                 cancelLeased,
	"Cancel_FinishedIsRefused":            cancelFinished,
	"Cancel_EndsWaitTask":                 cancelEndsWait,
	"Cancel_IsForgottenAfterRetention":    cancelForgotten,
	"Retry_DeadRunsWithAnAttemptLeft":     retryDead,
	"Retry_CancelledAndExpiredRun":        retryOthers,
	"Retry_OnItsListIsWhereItWas":         retryListed,
	"Retry_GoesByTheStates":               retryStates,
	"Retry_UnreadableIsRefused":           retryUnreadable,
	"Retry_DuplicateRunsUnderItsOwnID":    retryDuplicate,
	"Delete_ForgetsInEveryState":          deleteEvery,
	"Delete_LeasedIsRefused":              deleteLeased,
	"Delete_LeavesNeighboursAlone":        deleteNeighbours,
	"Watch_ShowsChangesUntilTheEnd":       watchShows,
	"Watch_EndsAsItIsTold":                watchEnds,
	"Queue_PausedGivesNothing":            queuePaused,
	"Queue_DrainEndsWithTheLastTask":      queueDrained,
	"Queue_LimitsChangeOneByOne":          queueLimits,
	"Queue_ConfigurationYieldsToOperator": queueConfigured,
	"Queue_CountsAndRates":                queueRates,
}

func (r *rig) cancel(id string, want zeroq.State) {
	r.t.Helper()
	state, err := r.Broker.Cancel(r.ctx, id, "")
	r.must(err)
	if state != want {
		r.t.Errorf("cancel answered %s, want %s", state, want)
	}
}

// wants checks the state of a task.
func (r *rig) wants(id string, want zeroq.State) *zeroq.TaskInfo {
	r.t.Helper()
	info := r.info(id)
	if info.State != want {
		r.t.Errorf("task %s is %s, want %s", id, info.State, want)
	}
	return info
}

// counts checks some of the counts of the queue.
func (r *rig) counts(want map[zeroq.State]int64) zeroq.QueueInfo {
	r.t.Helper()
	info, err := r.Broker.Queue(r.ctx, "q")
	r.must(err)
	for state, n := range want {
		if info.Counts[state] != n {
			r.t.Errorf("%d are %s, want %d", info.Counts[state], state, n)
		}
	}
	return info
}

// refused checks that err is a StateError that names the state.
func (r *rig) refused(err error, want zeroq.State) {
	r.t.Helper()
	var wrong *zeroq.StateError
	if !errors.As(err, &wrong) || wrong.State != want || !errors.Is(err, zeroq.ErrWrongState) {
		r.t.Errorf("answered %v, want that it is %s", err, want)
	}
}

func cancelReady(t *testing.T, r *rig) {
	first, ours, chosen, last := task(), task(), task(zeroq.ID("mine")), task()
	r.enqueue(first, ours, chosen, last)
	for range 2 {
		r.cancel(ours.ID, zeroq.Cancelled)
		r.cancel("mine", zeroq.Cancelled)
	}
	info := r.counts(map[zeroq.State]int64{zeroq.Ready: 2, zeroq.Cancelled: 2})
	if info.Totals[zeroq.CountCancelled] != 2 {
		t.Errorf("totals %v", info.Totals)
	}
	for _, id := range []string{ours.ID, "mine"} {
		if info := r.wants(id, zeroq.Cancelled); info.FinishedAt.IsZero() || info.Attempt != 0 || info.Type != "echo" {
			t.Errorf("the cancelled task is %+v", info)
		}
	}
	m := r.join("w")
	if got := ids(r.fetch(m, 2)); got[0] != first.ID || got[1] != last.ID {
		t.Errorf("fetched %v", got)
	}
	r.none(m)
	r.counts(map[zeroq.State]int64{zeroq.Ready: 0, zeroq.Leased: 2, zeroq.Cancelled: 2})
	if info := r.wants("mine", zeroq.Cancelled); string(info.Data) != `{"n":1}` {
		t.Errorf("its data is %s", info.Data)
	}
	if err := r.Broker.Enqueue(r.ctx, []*zeroq.Task{task(zeroq.ID("mine"))})[0]; !errors.Is(err, zeroq.ErrDuplicateID) {
		t.Errorf("its id was free: %v", err)
	}
}

func cancelWaiting(t *testing.T, r *rig) {
	later, chosen := task(zeroq.Delay(20*time.Millisecond)), task(zeroq.ID("mine"), zeroq.Delay(20*time.Millisecond))
	r.enqueue(later, chosen, task())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	o := r.failed(m, d, zeroq.Retry)
	o.NextAttempt, o.RunAt = 2, m.Now().Add(20*time.Millisecond)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	all := []string{later.ID, "mine", d.Task.ID}
	for _, id := range all {
		r.cancel(id, zeroq.Cancelled)
		if info := r.wants(id, zeroq.Cancelled); string(info.Data) != `{"n":1}` || !info.NextRunAt.IsZero() {
			t.Errorf("the cancelled task is %+v", info)
		}
	}
	if info := r.info(d.Task.ID); info.Attempt != 1 || info.Error != "boom" {
		t.Errorf("the one that had failed is %+v", info)
	}
	r.until("their time is over", func() bool {
		_, err := r.Broker.Promote(r.ctx, "q")
		r.must(err)
		return m.Now().After(o.RunAt.Add(50 * time.Millisecond))
	})
	r.none(m)
	r.counts(map[zeroq.State]int64{zeroq.Scheduled: 0, zeroq.Retry: 0, zeroq.Ready: 0, zeroq.Cancelled: 3})
}

func cancelLeased(t *testing.T, r *rig) {
	for _, mode := range []broker.Mode{broker.AtLeastOnce, broker.AtMostOnce} {
		r.enqueue(task())
		m := r.joinMode("w-"+string(mode), mode)
		may, err := m.Commit(r.ctx, r.fetch(m, 1))
		r.must(err)
		id := may[0].Task.ID
		if r.info(id).CancelRequested {
			t.Error("nobody has called it off yet")
		}
		for range 2 {
			r.cancel(id, zeroq.Leased)
		}
		if info := r.wants(id, zeroq.Leased); !info.CancelRequested {
			t.Errorf("the task is %+v", info)
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, may[0]))))
		if info := r.wants(id, zeroq.Succeeded); info.CancelRequested {
			t.Errorf("the finished task is %+v", info)
		}
		r.must(m.Leave(r.ctx))
	}
}

// oneOfEach makes a finished task of each of the states, with an id of its own.
func (r *rig) oneOfEach(m broker.Member, options ...zeroq.Option) map[zeroq.State]string {
	r.t.Helper()
	r.enqueue(task(options...), task(options...), task(options...))
	d := r.fetch(m, 3)
	r.must(m.Settle(r.ctx, []broker.Outcome{
		r.succeed(m, d[0]), r.failed(m, d[1], zeroq.Dead), {Delivery: d[2], State: zeroq.Expired, FinishedAt: m.Now()},
	}))
	return map[zeroq.State]string{zeroq.Succeeded: d[0].Task.ID, zeroq.Dead: d[1].Task.ID, zeroq.Expired: d[2].Task.ID}
}

func cancelFinished(t *testing.T, r *rig) {
	for state, id := range r.oneOfEach(r.join("w")) {
		_, err := r.Broker.Cancel(r.ctx, id, "")
		r.refused(err, state)
		r.wants(id, state)
	}
	for _, id := range []string{"nobody", "q~0~0000009999", "bad id", ""} {
		if _, err := r.Broker.Cancel(r.ctx, id, ""); !errors.Is(err, zeroq.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	r.enqueue(task(zeroq.ID("twin")), task(zeroq.ID("twin"), zeroq.Queue("other")))
	if _, err := r.Broker.Cancel(r.ctx, "twin", ""); !errors.Is(err, zeroq.ErrAmbiguousID) {
		t.Errorf("twins: %v", err)
	}
	_, err := r.Broker.Cancel(r.ctx, "twin", "other")
	r.must(err)
	if info, err := r.Broker.Task(r.ctx, "twin", "q"); err != nil || info.State != zeroq.Ready {
		t.Errorf("its twin is %+v, %v", info, err)
	}
}

func cancelEndsWait(t *testing.T, r *rig) {
	one := task()
	r.enqueue(one)
	watching := make(chan struct{})
	done := make(chan zeroq.State, 1)
	go func() {
		var last zeroq.State
		err := r.Broker.WatchTask(r.ctx, one.ID, "", func(info *zeroq.TaskInfo) error {
			if last == "" {
				close(watching)
			}
			last = info.State
			return nil
		})
		if err != nil {
			t.Errorf("watch: %v", err)
		}
		done <- last
	}()
	<-watching
	r.cancel(one.ID, zeroq.Cancelled)
	if state := <-done; state != zeroq.Cancelled {
		t.Errorf("the last that was seen is %s", state)
	}
}

func cancelForgotten(t *testing.T, r *rig) {
	brief := zeroq.Retention(30 * time.Millisecond)
	ready, later, chosen := task(brief), task(brief, zeroq.Delay(time.Hour)), task(brief, zeroq.ID("mine"))
	long := task(zeroq.Retention(time.Minute))
	r.enqueue(ready, later, chosen, long)
	for _, one := range []*zeroq.Task{ready, later, chosen, long} {
		r.cancel(one.ID, zeroq.Cancelled)
	}
	r.until("retention is over", func() bool {
		_, err := r.Broker.Sweep(r.ctx, "q", keepAll)
		r.must(err)
		return r.gone(ready.ID) && r.gone(later.ID) && r.gone("mine")
	})
	r.wants(long.ID, zeroq.Cancelled)
	r.none(r.join("w"))
	r.counts(map[zeroq.State]int64{zeroq.Ready: 0, zeroq.Cancelled: 1})
}
