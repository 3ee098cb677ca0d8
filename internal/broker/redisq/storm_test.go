package redisq

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Workers work and operators meddle with the same tasks, all at once. In the end every task that is still
// known has finished, the counts agree with what is known, and nothing is left behind.
func TestStorm_HandsAndWorkersAtOnce(t *testing.T) {
	t.Parallel()
	const n, hands, deeds = 120, 4, 250
	r := newRig(t)
	ids := r.stormTasks(n)
	ctx, stop := context.WithCancel(t.Context())
	var workers, operators sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		m := r.joinFor(name, broker.AtLeastOnce, time.Minute)
		workers.Go(func() { r.stormWork(ctx, m) })
	}
	for range hands {
		operators.Go(func() {
			for range deeds {
				r.stormDeed(ids[rand.IntN(n)])
			}
		})
	}
	operators.Wait()
	r.until("all have finished", func() bool {
		info, err := r.Queue(t.Context(), "q")
		r.must(err)
		return info.Counts[zeroq.Ready]+info.Counts[zeroq.Leased]+info.Counts[zeroq.Scheduled]+info.Counts[zeroq.Retry] == 0
	})
	stop()
	workers.Wait()
	r.nothing(r.join("last")) // drops what was called off and is still on a list
	r.sound()
	known := make(map[zeroq.State]int64)
	for _, id := range ids {
		info, err := r.Task(t.Context(), id, "q")
		if errors.Is(err, zeroq.ErrNotFound) {
			continue
		}
		r.must(err)
		known[info.State]++
	}
	info, err := r.Queue(t.Context(), "q")
	r.must(err)
	for _, state := range zeroq.States {
		if info.Counts[state] != known[state] {
			t.Errorf("%d are %s by the counts, %d by their ids", info.Counts[state], state, known[state])
		}
	}
	if left := r.client.SCard(t.Context(), r.keys.withdrawn).Val(); left != 0 {
		t.Errorf("%d are withdrawn", left)
	}
}

// stormTasks are tasks of all kinds.
func (r *rig) stormTasks(n int) []string {
	r.Helper()
	ids := make([]string, n)
	for i := range ids {
		var options []zeroq.Option
		if i%3 == 0 {
			options = append(options, zeroq.Delay(time.Duration(i)*time.Millisecond))
		}
		if i%4 == 0 {
			options = append(options, zeroq.ID("mine-"+leaseName()))
		}
		if i%5 == 0 {
			options = append(options, zeroq.UniqueKey(leaseName(), zeroq.UntilFinished))
		}
		options = append(options, zeroq.Prioritized(zeroq.Priorities[i%7%3]))
		task := newTask(options...)
		r.put(task)
		ids[i] = task.ID
	}
	return ids
}

// stormWork takes and settles tasks in every way there is.
func (r *rig) stormWork(ctx context.Context, m broker.Member) {
	states := []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Ready}
	var outcomes []broker.Outcome
	for ctx.Err() == nil {
		if _, err := r.Promote(r.Context(), "q"); err != nil {
			r.Errorf("promote: %v", err)
			return
		}
		held, fetching, settling := m.(broker.Exchanger).Exchange(r.Context(), outcomes, 1+rand.IntN(6), 0)
		if fetching != nil || settling != nil {
			r.Errorf("fetch: %v, settle: %v", fetching, settling)
			return
		}
		outcomes = nil
		for _, d := range held {
			o := outcome(m, d, states[rand.IntN(len(states))])
			o.RunAt = m.Now().Add(5 * time.Millisecond)
			if o.State == zeroq.Retry {
				o.NextAttempt = d.Task.Attempt + 1
			}
			outcomes = append(outcomes, o)
		}
		if rand.IntN(2) == 0 && ctx.Err() == nil {
			continue // the next fetch takes them along
		}
		if err := m.Settle(r.Context(), outcomes); err != nil {
			r.Errorf("settle: %v", err)
			return
		}
		outcomes = nil
	}
	if err := m.Settle(r.Context(), outcomes); err != nil {
		r.Errorf("settle: %v", err)
	}
}

// stormDeed does something to a task, which may be anywhere. Its errors are those that the contract has.
func (r *rig) stormDeed(id string) {
	var err error
	switch rand.IntN(5) {
	case 0, 1:
		_, err = r.Cancel(r.Context(), id, "")
	case 2, 3:
		err = r.Retry(r.Context(), id, "")
	case 4:
		if rand.IntN(4) == 0 {
			err = r.Delete(r.Context(), id, "")
		}
	}
	for _, fine := range []error{nil, zeroq.ErrNotFound, zeroq.ErrWrongState} {
		if errors.Is(err, fine) {
			return
		}
	}
	r.Errorf("task %s: %v", id, err)
}
