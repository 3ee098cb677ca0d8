package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func deleteEvery(t *testing.T, r *rig) {
	m := r.join("w")
	var all []string
	for _, options := range [][]zeroq.Option{nil, {zeroq.Retention(time.Minute)}} {
		for _, id := range r.oneOfEach(m, options...) {
			all = append(all, id)
		}
	}
	for _, id := range []string{"mine", "mine-too", ""} {
		retry := task(zeroq.ID(id))
		r.enqueue(retry)
		o := r.failed(m, r.fetch(m, 1)[0], zeroq.Retry)
		o.NextAttempt, o.RunAt = 2, m.Now().Add(time.Hour)
		r.must(m.Settle(r.ctx, oneOutcome(o)))
		all = append(all, retry.ID)
	}
	ready, chosen, later := task(), task(zeroq.ID("ready")), task(zeroq.Delay(time.Hour))
	listed, dropped := task(), task(zeroq.Delay(time.Hour))
	r.enqueue(ready, chosen, later, listed, dropped, task(zeroq.ID("stays")))
	r.cancel(listed.ID, zeroq.Cancelled)
	r.cancel(dropped.ID, zeroq.Cancelled)
	all = append(all, ready.ID, "ready", later.ID, listed.ID, dropped.ID)
	for _, id := range all {
		r.must(r.Broker.Delete(r.ctx, id, ""))
		for what, err := range map[string]error{
			"look":   func() error { _, err := r.Broker.Task(r.ctx, id, ""); return err }(),
			"cancel": func() error { _, err := r.Broker.Cancel(r.ctx, id, ""); return err }(),
			"retry":  r.Broker.Retry(r.ctx, id, ""),
			"delete": r.Broker.Delete(r.ctx, id, ""),
		} {
			if !errors.Is(err, zeroq.ErrNotFound) {
				t.Errorf("%s of a deleted task: %v", what, err)
			}
		}
	}
	info := r.counts(map[zeroq.State]int64{
		zeroq.Ready: 1, zeroq.Scheduled: 0, zeroq.Retry: 0, zeroq.Succeeded: 0, zeroq.Dead: 0, zeroq.Cancelled: 0, zeroq.Expired: 0,
	})
	if info.Totals[zeroq.CountDeleted] != int64(len(all)) {
		t.Errorf("totals %v, deleted %d", info.Totals, len(all))
	}
	if got := r.fetch(m, 1); got[0].Task.ID != "stays" {
		t.Errorf("fetched %v", ids(got))
	}
	r.none(m)
	r.enqueue(task(zeroq.ID("mine")), task(zeroq.ID("ready"))) // their ids are free
}

func deleteLeased(t *testing.T, r *rig) {
	r.enqueue(task())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.refused(r.Broker.Delete(r.ctx, d.Task.ID, ""), zeroq.Leased)
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	r.wants(d.Task.ID, zeroq.Succeeded)
	if err := r.Broker.Delete(r.ctx, "nobody", ""); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// The janitor judges many tasks by one of them: that one may have been deleted.
func deleteNeighbours(t *testing.T, r *rig) {
	all := []*zeroq.Task{task(), task(), task(zeroq.ID("mine")), task(), task()}
	r.enqueue(all[:2]...)
	r.enqueue(all[2])
	r.enqueue(all[3:]...)
	m := r.join("w")
	d := r.fetch(m, 5)
	var outcomes []broker.Outcome
	for _, one := range d {
		outcomes = append(outcomes, r.succeed(m, one))
	}
	r.must(m.Settle(r.ctx, outcomes))
	for _, i := range []int{1, 2, 4} {
		r.must(r.Broker.Delete(r.ctx, all[i].ID, ""))
	}
	_, err := r.Broker.Sweep(r.ctx, "q", keepAll)
	r.must(err)
	for _, i := range []int{0, 3} {
		r.wants(all[i].ID, zeroq.Succeeded)
	}
	r.counts(map[zeroq.State]int64{zeroq.Succeeded: 2})
	r.enqueue(task(zeroq.ID("mine")))
	_, err = r.Broker.Sweep(r.ctx, "q", broker.Keep{})
	r.must(err)
	r.counts(map[zeroq.State]int64{zeroq.Succeeded: 0, zeroq.Ready: 1})
	r.wants("mine", zeroq.Ready)
}
