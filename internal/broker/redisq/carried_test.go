package redisq

import (
	"strconv"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// Carriers, by what they can do.
var (
	ordered   = broker.Powers{Name: "kafka", Order: true}
	unordered = broker.Powers{Name: "rabbitmq"}
)

// carried runs a test of a queue whose tasks a carrier takes to the workers, which is the test itself.
func carried(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *rig{
		"redis": newRig,
		"miniredis": func(t *testing.T) *rig {
			conf := redistest.Mini(t)
			return rigOn(t, conf, redistest.NewClient(t, conf))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			r.must(r.Carry(t.Context(), "q", ordered))
			test(t, r)
		})
	}
}

// relay moves what is ready and returns it: it is at the carrier now.
func (r *rig) relay() (moved [][]byte) {
	r.Helper()
	o := r.Outbox("q", "relay")
	for {
		batch, err := o.Take(r.Context(), 100)
		r.must(err)
		if len(batch.Messages) == 0 {
			r.must(o.Close(r.Context()))
			return moved
		}
		moved = append(moved, batch.Messages...)
		r.must(o.Done(r.Context(), batch))
	}
}

// sent puts tasks on the queue and moves them.
func (r *rig) sent(tasks ...*zeroq.Task) [][]byte {
	r.Helper()
	r.put(tasks...)
	moved := r.relay()
	if len(moved) != len(tasks) {
		r.Fatalf("%d messages were moved, want %d", len(moved), len(tasks))
	}
	return moved
}

// admit asks for messages and checks the verdicts, a letter each.
func (r *rig) admit(m broker.Member, want string, messages ...[]byte) []*broker.Delivery {
	r.Helper()
	verdicts, deliveries, err := m.(broker.Admitter).Admit(r.Context(), messages)
	r.must(err)
	got := ""
	for _, verdict := range verdicts {
		got += string(rune(verdict))
	}
	if got != want {
		r.Fatalf("the verdicts are %s, want %s", got, want)
	}
	return deliveries
}

// settleAs records the same outcome of deliveries.
func (r *rig) settleAs(m broker.Member, state zeroq.State, deliveries ...*broker.Delivery) {
	r.Helper()
	for _, d := range deliveries {
		r.settle(m, outcome(m, d, state))
	}
}

// counts checks how many tasks are in these states.
func (r *rig) counts(when string, want map[zeroq.State]int64) {
	r.Helper()
	info, err := r.Queue(r.Context(), "q")
	r.must(err)
	for state, n := range want {
		if info.Counts[state] != n {
			r.Errorf("%s: %d %s, want %d", when, info.Counts[state], state, n)
		}
	}
}

// away is how many tasks are at the carrier, as the gate has it.
func (r *rig) away() int {
	r.Helper()
	n, _ := strconv.Atoi(r.client.HGet(r.Context(), r.keys.gate, gateAway).Val()) // none: 0
	return n
}

// reaped waits until dead workers' tasks are given back.
func (r *rig) reaped(n int) {
	r.Helper()
	reaper, total := r.NewReaper("q", "undertaker", testLease), 0
	r.until("the tasks are given back", func() bool {
		given, err := reaper.Reap(r.Context())
		r.must(err)
		total += given
		return total >= n
	})
}

func TestCarried_CountsAreOfAllThatWaits(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ready := func(n, leased int64) map[zeroq.State]int64 {
			return map[zeroq.State]int64{zeroq.Ready: n, zeroq.Leased: leased}
		}
		r.put(newTasks(5)...)
		r.counts("on the list", ready(5, 0))
		o, m := r.Outbox("q", "relay"), r.join("w")
		batch, err := o.Take(t.Context(), 3)
		r.must(err)
		r.counts("on its way", ready(5, 0))
		first := r.admit(m, "G", batch.Messages[0])
		r.counts("one faster than its relay", ready(4, 1))
		r.must(o.Done(t.Context(), batch))
		r.counts("at the carrier", ready(4, 1))
		r.settleAs(m, zeroq.Succeeded, first...)
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "SGG", batch.Messages...)...)
		r.counts("run", map[zeroq.State]int64{zeroq.Ready: 2, zeroq.Leased: 0, zeroq.Succeeded: 3})
		r.must(o.Measured(t.Context(), 0, 0))
		r.counts("measured", ready(2, 0))
		r.must(o.Measured(t.Context(), 4, 9))
		r.counts("measured", ready(6, 0))
		r.must(o.Measured(t.Context(), 0, 1))
		r.counts("measured", ready(3, 0))
	})
}

// A carrier without order is told to forget a message whose task another worker has, one with order keeps it.
func TestCarried_SecondMessageOfARunningTaskIsCountedOnce(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		for _, powers := range []broker.Powers{ordered, {Name: "rabbitmq"}} {
			r.must(r.Carry(t.Context(), "q", powers))
			r.put(newTasks(1)...)
			o, m := r.Outbox("q", "relay"), r.join("w")
			batch, err := o.Take(t.Context(), 1)
			r.must(err)
			got := r.admit(m, "G", batch.Messages...) // then the relay died, and another publishes it again
			r.must(o.Measured(t.Context(), 0, 9))
			r.must(o.Done(t.Context(), batch))
			r.admit(m, "B", batch.Messages...)
			r.settleAs(m, zeroq.Succeeded, got...)
			want := 0
			if powers.Order {
				want = 1
			}
			if n := r.away(); n != want {
				t.Errorf("%s: %d are away, want %d", powers.Name, n, want)
			}
			r.must(o.Measured(t.Context(), 0, 0))
		}
	})
}

// What waits at the carrier fills a queue, and keeps it from being drained.
func TestCarried_LimitsOfTheQueueCountWhatIsAway(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		moved := r.sent(newTasks(2)...)
		r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{MaxLength: new(3)}))
		r.put(newTask())
		if err := r.Enqueue(t.Context(), newTasks(1))[0]; err != zeroq.ErrQueueFull {
			t.Errorf("a fourth task: %v", err)
		}
		moved = append(moved, r.relay()...)
		r.must(r.Drain(t.Context(), "q"))
		if err := r.Enqueue(t.Context(), newTasks(1))[0]; err != zeroq.ErrDraining {
			t.Errorf("while tasks are away: %v", err)
		}
		m := r.join("w")
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "GGG", moved...)...)
		r.put(newTask())
	})
}

// Nothing of tasks and workers stays, beside the number of the last batch.
func TestCarried_NothingIsLeftBehind(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		got := r.admit(m, "GGGGG", r.sent(newTasks(5)...)...)
		for i, state := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired, zeroq.Ready, zeroq.Retry} {
			r.settleAs(m, state, got[i])
		}
		if left := r.client.SMembers(t.Context(), r.keys.taken).Val(); len(left) > 0 {
			t.Errorf("taken by nobody: %v", left)
		}
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "G", r.relay()...)...)
		r.sound()
		r.must(m.Leave(t.Context()))
		for _, key := range []string{r.keys.relaying, r.keys.taken, r.keys.landing, r.keys.ready, r.keys.groups} {
			if r.client.Exists(t.Context(), key).Val() == 1 {
				t.Errorf("%s is left", key)
			}
		}
		if fields := r.client.HKeys(t.Context(), r.keys.relay).Val(); len(fields) != 1 || fields[0] != "batch" {
			t.Errorf("the relay left %v", fields)
		}
	})
}
