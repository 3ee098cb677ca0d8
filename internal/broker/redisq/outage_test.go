package redisq

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// newOwnRig makes a rig on a server that the test may stop.
func newOwnRig(t *testing.T, args ...string) (*rig, *redistest.Server) {
	t.Helper()
	server := redistest.StartServer(t, args...)
	return rigOn(t, server.Conf(), server.Client()), server
}

func TestScriptFlush_IsSurvived(t *testing.T) {
	t.Parallel()
	r, _ := newOwnRig(t, "--appendonly", "no")
	flush := func() { r.must(r.client.ScriptFlush(t.Context()).Err()) }
	m := r.join("w")
	for range 3 {
		flush()
		r.put(newTask(), newTask(zeroq.ID("mine-"+leaseName())))
		r.push(`{"type":"bare"}`, `{"type":"bare"}`)
		flush()
		deliveries := r.fetch(m, 4) // claims in one pipeline
		flush()
		r.must(m.Beat(t.Context()))
		flush()
		for _, d := range deliveries {
			flush()
			r.settle(m, outcome(m, d, zeroq.Succeeded))
			flush()
			if info, err := r.Task(t.Context(), d.Task.ID, ""); err != nil || info.State != zeroq.Succeeded {
				t.Errorf("%+v, %v", info, err)
			}
		}
		flush()
		if infos, err := r.Queues(t.Context()); err != nil || len(infos) != 1 {
			t.Errorf("%+v, %v", infos, err)
		}
	}
}

// The load that a NOSCRIPT is answered with may itself meet a flush, or another call may: whatever the
// moment, each task is settled once.
func TestScriptFlush_AtAnyMomentLosesNothing(t *testing.T) {
	t.Parallel()
	const n = 200
	r, _ := newOwnRig(t, "--appendonly", "no")
	ctx, stop := context.WithCancel(t.Context())
	var flusher sync.WaitGroup
	flusher.Go(func() {
		for tick := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			r.client.ScriptFlush(ctx)
		}
	})
	m, settled := r.join("w"), 0
	for i := range n {
		r.put(newTask())
		r.push(`{"type":"bare"}`)
		if i%20 > 0 {
			continue
		}
		settled += r.settleAll(m)
	}
	r.until("all are settled", func() bool { settled += r.settleAll(m); return settled >= 2*n })
	stop()
	flusher.Wait()
	if done := r.count(zeroq.Succeeded); settled != 2*n || done != 2*n {
		t.Errorf("settled %d, counted %d, want %d", settled, done, 2*n)
	}
}

// settleAll settles what can be fetched and returns how many that were. A call that fails is made
// again, as the engine does.
func (r *rig) settleAll(m *member) int {
	r.Helper()
	var deliveries []*broker.Delivery
	r.until("the fetch is answered", func() bool {
		var err error
		deliveries, err = m.Fetch(r.Context(), 100, 0)
		return r.passed(err)
	})
	var outcomes []broker.Outcome
	for _, d := range deliveries {
		outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
	}
	r.until("the settling is answered", func() bool { return r.passed(m.Settle(r.Context(), outcomes)) })
	return len(deliveries)
}

// passed reports whether a call went through; NOSCRIPT and an absent server are the errors that may be.
func (r *rig) passed(err error) bool {
	r.Helper()
	if err != nil && !errors.Is(err, zeroq.ErrUnavailable) && !strings.HasPrefix(err.Error(), "NOSCRIPT") {
		r.Fatal(err)
	}
	return err == nil
}

func TestRestart_KeepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	r, server := newOwnRig(t)
	m := r.joinFor("w", broker.AtLeastOnce, time.Minute)
	r.put(append(newTasks(5), newTask(zeroq.ID("mine")), newTask(zeroq.Delay(time.Hour)))...)
	held := r.fetch(m, 4)
	r.settle(m, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Retry), outcome(m, held[2], zeroq.Dead))
	before := r.dump()
	for _, end := range []func(){server.Kill, server.Stop} {
		end()
		server.Restart()
		if changes := differences(before, r.dump()); len(changes) > 0 {
			t.Fatalf("after the restart: %v", changes)
		}
	}
	// The member goes on with what it held, and with new tasks; its ids go on where they were.
	r.until("a heartbeat is answered", func() bool { return r.passed(m.Beat(t.Context())) })
	r.settle(m, outcome(m, held[3], zeroq.Succeeded))
	r.fetch(m, 2)
	for _, task := range []*zeroq.Task{newTask(), newTask(zeroq.ID("other"))} {
		r.put(task)
		r.fetch(m, 1)
	}
	if err := r.Enqueue(t.Context(), []*zeroq.Task{newTask(zeroq.ID("mine"))})[0]; !errors.Is(err, zeroq.ErrDuplicateID) {
		t.Errorf("the restart has freed an id: %v", err)
	}
}

// Producers and a worker go on over kills of Redis; what was acknowledged to the producer is finished.
func TestRestart_InTheMiddleLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	r, server := newOwnRig(t)
	m := r.joinFor("w", broker.AtLeastOnce, time.Minute)
	acknowledged, done := map[string]bool{}, map[string]bool{}
	var killer sync.WaitGroup
	for round := range 3 {
		killer.Go(func() { server.Kill(); server.Restart() })
		for range 100 {
			tasks := newTasks(3)
			errs := r.Enqueue(t.Context(), tasks)
			for i, err := range errs {
				if r.passed(err) {
					acknowledged[tasks[i].ID] = true
				}
			}
			if round > 0 {
				r.finishSome(m, done)
			}
		}
		killer.Wait()
	}
	r.until("all are finished", func() bool { r.finishSome(m, done); return r.count(zeroq.Ready)+r.count(zeroq.Leased) == 0 })
	for id := range acknowledged {
		if !done[id] {
			t.Errorf("%s was acknowledged and never came", id)
		}
	}
}

// finishSome settles what can be fetched and notes the ids.
func (r *rig) finishSome(m *member, done map[string]bool) {
	r.Helper()
	deliveries, err := m.Fetch(r.Context(), 100, 0)
	if !r.passed(err) || len(deliveries) == 0 {
		return
	}
	var outcomes []broker.Outcome
	for _, d := range deliveries {
		done[d.Task.ID] = true
		outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
	}
	r.until("the settling is answered", func() bool { return r.passed(m.Settle(r.Context(), outcomes)) })
}

// An outage that is longer than the lease makes every lease look over. Nobody who beats again after it
// may be robbed.
func TestOutage_LongerThanTheLeaseRobsNobody(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(r *rig, server *redistest.Server){
		"stopped": func(r *rig, server *redistest.Server) {
			server.Kill()
			r.pause(3 * testLease)
			server.Restart()
		},
		"frozen": func(r *rig, server *redistest.Server) {
			pid := r.serverPID()
			r.must(syscall.Kill(pid, syscall.SIGSTOP))
			r.pause(3 * testLease)
			r.must(syscall.Kill(pid, syscall.SIGCONT))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := newOwnRig(t)
			r.put(newTasks(4)...)
			one, two := r.join("one"), r.join("two")
			held, others := r.fetch(one, 2), r.fetch(two, 2)
			stop := r.live(one, two)
			outage(r, server)
			r.pause(3 * testLease) // long enough for a reaper that was in error
			stop()
			r.settle(one, outcome(one, held[0], zeroq.Succeeded), outcome(one, held[1], zeroq.Succeeded))
			r.settle(two, outcome(two, others[0], zeroq.Succeeded), outcome(two, others[1], zeroq.Succeeded))
			if n := r.count(zeroq.Succeeded); n != 4 {
				t.Errorf("%d succeeded, want 4", n)
			}
		})
	}
}

// live makes each member beat, and reap, four times a lease until stop is called.
func (r *rig) live(members ...*member) (stop func()) {
	ctx, cancel := context.WithCancel(r.Context())
	var all sync.WaitGroup
	every := func(do func() error) {
		all.Go(func() {
			tick := time.NewTicker(testLease / 4)
			defer tick.Stop()
			for ctx.Err() == nil {
				if err := do(); errors.Is(err, zeroq.ErrLeaseLost) {
					r.Error("a live member was robbed")
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	for _, m := range members {
		every(func() error { return m.Beat(ctx) })
		reaper := r.NewReaper("q", m.join.Worker, testLease)
		every(func() error {
			n, err := reaper.Reap(ctx)
			if n > 0 {
				r.Errorf("%s took %d tasks of a live member", m.join.Worker, n)
			}
			return err
		})
	}
	return func() { cancel(); all.Wait() }
}

// pause lets time pass in which other goroutines work.
func (r *rig) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func (r *rig) serverPID() int {
	r.Helper()
	info, err := r.client.Info(r.Context(), "server").Result()
	r.must(err)
	_, rest, _ := strings.Cut(info, "process_id:")
	text, _, _ := strings.Cut(rest, "\r")
	pid, err := strconv.Atoi(text)
	r.must(err)
	return pid
}
