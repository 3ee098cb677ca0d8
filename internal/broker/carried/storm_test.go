package carried_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// storm is a queue whose carrier gives messages away and twice, loses answers and stops, whose workers are killed,
// abandon leases and hand tasks back, and whose tasks are called off and deleted.
type storm struct {
	*rig
	rnd     *rand.Rand
	workers []*sailor
	joined  int
	reaper  broker.Reaper
	killed  int
	ids     []string
	deleted map[string]bool
}

// sailor is a worker of a storm.
type sailor struct {
	broker.Member
	process *process
	held    []*broker.Delivery
}

// Whatever happens, every task ends, a group runs one at a time, and nothing stays behind.
func TestStorm_EveryTaskEndsAndNothingStaysBehind(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		s := &storm{rig: r, rnd: rand.New(rand.NewPCG(seed, 0)), deleted: map[string]bool{}}
		s.reaper = r.NewReaper("q", "undertaker", testLease)
		r.relay("second")
		for range 3 {
			s.muster()
		}
		for step := range 300 {
			if step < 60 {
				s.produce(step)
			}
			s.step()
		}
		s.calm()
		r.until("all have ended", func() bool { s.run(); return s.ended() })
		r.until("the carrier has nothing", func() bool { s.run(); return len(r.server.Unacknowledged("q")) == 0 })
		for _, key := range []string{"taken", "withdrawn", "relaying"} {
			if n, err := r.client.Exists(r.ctx, "zq:{q}:"+key).Result(); err != nil || n > 0 {
				t.Errorf("%s is left: %v", key, err)
			}
		}
		if info, err := r.Queue(r.ctx, "q"); err != nil || info.Counts[zeroq.Leased]+info.Counts[zeroq.Retry] > 0 {
			t.Errorf("in the end: %v, %v", info.Counts, err)
		}
	})
}

func (s *storm) muster() {
	s.joined++
	p := s.start()
	s.workers = append(s.workers, &sailor{Member: s.join(p, fmt.Sprint("w", s.joined), broker.AtLeastOnce), process: p})
}

func (s *storm) produce(n int) {
	one := task(zeroq.ID(fmt.Sprint("t", n)), zeroq.MaxAttempts(100))
	if s.server.Open().Powers().Order && n%3 > 0 {
		one.Group = fmt.Sprint("g", n%4)
	}
	s.enqueue(one)
	s.ids = append(s.ids, one.ID)
}

func (s *storm) step() {
	w := s.workers[s.rnd.IntN(len(s.workers))]
	switch s.rnd.IntN(12) {
	case 0, 1, 2:
		s.take(w)
	case 3, 4, 5:
		s.end(w, []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Ready, zeroq.Dead}[s.rnd.IntN(4)])
	case 6:
		s.server.Rebalance("q")
	case 7:
		s.weather()
	case 8:
		s.operate()
	case 9:
		s.fate(w)
	default:
		s.upkeep()
	}
	for _, w := range s.workers {
		s.beat(w)
	}
}

func (s *storm) weather() {
	switch s.rnd.IntN(4) {
	case 0:
		s.server.Stop()
	case 1:
		s.server.Double(s.rnd.IntN(2) == 0)
	case 2:
		s.server.LoseAnswers(1)
	default:
		s.server.Start()
	}
}

// operate calls a task off, deletes it, or runs it again.
func (s *storm) operate() {
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[s.rnd.IntN(len(s.ids))]
	var err error
	switch s.rnd.IntN(4) {
	case 0:
		if err = s.Delete(s.ctx, id, "q"); err == nil {
			s.deleted[id] = true
		}
	case 1:
		err = s.Retry(s.ctx, id, "q")
	default:
		_, err = s.Cancel(s.ctx, id, "q")
	}
	if _, is := errors.AsType[*zeroq.StateError](err); !is && !errors.Is(err, zeroq.ErrNotFound) {
		s.must(err)
	}
}

// fate is a worker's death, or its silence; few die, as tasks that kill are poison.
func (s *storm) fate(w *sailor) {
	switch {
	case s.killed < 4 && s.rnd.IntN(3) == 0:
		s.killed++
		w.process.carrier.Kill()
		for i, one := range s.workers {
			if one == w {
				s.workers = append(s.workers[:i:i], s.workers[i+1:]...)
			}
		}
		s.muster()
	case s.rnd.IntN(4) == 0:
		w.Abandon()
		w.held = nil
	}
}

func (s *storm) upkeep() {
	_, err := s.Promote(s.ctx, "q")
	s.must(err)
	_, err = s.reaper.Reap(s.ctx)
	s.must(err)
}

func (s *storm) beat(w *sailor) {
	if err := w.Beat(s.ctx); isLost(err) {
		w.held = nil
	} else {
		s.must(err)
	}
}

func (s *storm) take(w *sailor) {
	got, err := w.Fetch(s.ctx, 1+s.rnd.IntN(6), 0)
	if isLost(err) {
		w.held = nil
	} else if !errors.Is(err, zeroq.ErrUnavailable) {
		s.must(err)
	}
	for _, d := range got {
		s.alone(d)
		w.held = append(w.held, d)
	}
}

// alone checks that nobody has the task, or another of its group.
func (s *storm) alone(d *broker.Delivery) {
	if d.Err != nil {
		s.t.Errorf("%s: %v", d.Raw, d.Err)
		return
	}
	if s.deleted[d.Receipt] {
		s.t.Errorf("%s comes, which was deleted", d.Receipt)
	}
	for _, w := range s.workers {
		for _, other := range w.held {
			if other.Receipt == d.Receipt || d.Task.Group != "" && other.Task.Group == d.Task.Group {
				s.t.Errorf("%s comes while %s runs", d.Receipt, other.Receipt)
			}
		}
	}
}

func (s *storm) end(w *sailor, state zeroq.State) {
	if len(w.held) == 0 {
		return
	}
	d := w.held[0]
	w.held = w.held[1:]
	o := outcome(w, d, state)
	if state == zeroq.Retry {
		o.NextAttempt, o.RunAt = d.Task.Attempt+s.rnd.IntN(2), w.Now() // or it is put off
	}
	if state == zeroq.Dead || state == zeroq.Retry {
		o.Failure = &zeroq.AttemptError{Attempt: d.Task.Attempt, At: w.Now(), Message: "boom"}
	}
	if err := w.Settle(s.ctx, []broker.Outcome{o}); isLost(err) {
		w.held = nil
	} else {
		s.must(err)
	}
}

func (s *storm) calm() {
	s.server.Start()
	s.server.Double(false)
	s.server.LoseAnswers(0)
}

// run runs whatever there is.
func (s *storm) run() {
	s.upkeep()
	for _, w := range s.workers {
		s.beat(w)
		s.take(w)
		for len(w.held) > 0 {
			s.end(w, zeroq.Succeeded)
		}
	}
}

func (s *storm) ended() bool {
	for _, id := range s.ids {
		info, err := s.Task(s.ctx, id, "q")
		if errors.Is(err, zeroq.ErrNotFound) && s.deleted[id] {
			continue
		}
		s.must(err)
		if !info.State.Finished() {
			return false
		}
	}
	return true
}
