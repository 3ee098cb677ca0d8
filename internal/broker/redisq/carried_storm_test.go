package redisq

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// carriedStorm is a queue whose carrier delivers again what it likes, whose relays stop half-way, and whose
// workers die.
type carriedStorm struct {
	*rig
	rnd     *rand.Rand
	line    [][]byte // at the carrier
	relays  []broker.Outbox
	workers []*member
	held    map[*member][]*broker.Delivery
	reaper  broker.Reaper
	died    int
}

// No task is lost, and none is had by two at the same time, whatever is published, delivered and asked twice.
func TestCarriedStorm_EveryTaskEndsAndNoneRunsTwiceAtATime(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		attach(r.Broker, func(script string) bool {
			return script == "admit" || script == "settle" || script == "relay_take" || script == "relay_done"
		})
		s := &carriedStorm{
			rig: r, rnd: rand.New(rand.NewPCG(seed, 0)), held: make(map[*member][]*broker.Delivery),
			relays: []broker.Outbox{r.Outbox("q", "one"), r.Outbox("q", "two")},
			reaper: r.NewReaper("q", "undertaker", 10*time.Millisecond),
		}
		for range 3 {
			s.workers = append(s.workers, r.joinFor("w", broker.AtLeastOnce, time.Minute))
		}
		var ids []string
		for step := range 400 {
			if step < 40 {
				task := newTask(zeroq.MaxAttempts(50))
				r.put(task)
				ids = append(ids, task.ID)
			}
			s.step()
			s.oneOwnerEach()
		}
		for _, id := range ids {
			r.until(id+" has ended", func() bool {
				info, err := r.Task(t.Context(), id, "q")
				r.must(err)
				if !info.State.Finished() {
					s.finish()
				}
				return info.State.Finished()
			})
		}
		s.finish()
		r.counts("in the end", map[zeroq.State]int64{zeroq.Leased: 0, zeroq.Retry: 0})
		if left := r.client.SCard(t.Context(), r.keys.taken).Val(); left > 0 {
			t.Errorf("%d ids are taken by nobody", left)
		}
		r.sound()
	})
}

func (s *carriedStorm) step() {
	s.Helper()
	switch w := s.workers[s.rnd.IntN(len(s.workers))]; s.rnd.IntN(8) {
	case 0, 1:
		s.move(s.relays[s.rnd.IntN(2)], s.rnd.IntN(3) > 0)
	case 2, 3, 4:
		s.deliver(w, 1+s.rnd.IntN(4))
	case 5, 6:
		s.end(w, []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Ready}[s.rnd.IntN(3)])
	default:
		s.fate(w)
	}
}

// move is a step of a relay, which may stop before it is done.
func (s *carriedStorm) move(o broker.Outbox, done bool) {
	s.Helper()
	batch, err := o.Take(s.Context(), 4)
	if errors.Is(err, broker.ErrHeld) {
		s.expireRelay()
		return
	}
	s.must(err)
	s.line = append(s.line, batch.Messages...)
	if done && len(batch.Messages) > 0 {
		s.must(o.Done(s.Context(), batch))
	}
}

// deliver gives a worker some messages, which the carrier may keep a copy of.
func (s *carriedStorm) deliver(w *member, n int) {
	s.Helper()
	s.rnd.Shuffle(len(s.line), func(i, j int) { s.line[i], s.line[j] = s.line[j], s.line[i] })
	n = min(n, len(s.line))
	messages := s.line[:n:n]
	verdicts, deliveries, err := w.Admit(s.Context(), messages)
	s.must(err)
	s.line = s.line[n:]
	s.held[w] = append(s.held[w], deliveries...)
	for i, verdict := range verdicts {
		again := verdict == broker.Busy || verdict == broker.Later
		if again || verdict == broker.Granted && s.rnd.IntN(3) == 0 {
			s.line = append(s.line, messages[i])
		}
	}
}

// end settles what the worker has had for longest.
func (s *carriedStorm) end(w *member, state zeroq.State) {
	s.Helper()
	if len(s.held[w]) == 0 {
		return
	}
	d := s.held[w][0]
	s.held[w] = s.held[w][1:]
	o := outcome(w, d, state)
	o.NextAttempt, o.RunAt = d.Task.Attempt+s.rnd.IntN(2), w.Now().Add(-time.Second) // or it is put off
	s.settle(w, o)
}

// fate is the death of a worker, or that dead ones are found; few, as tasks that kill are poison.
func (s *carriedStorm) fate(w *member) {
	s.Helper()
	if w.lease != nil && s.died < 6 && s.rnd.IntN(4) == 0 {
		s.died++
		delete(s.held, w)
		s.must(s.client.ZAdd(s.Context(), s.keys.groups, zOf(1, w.lease.group)).Err())
		w.Abandon()
		return
	}
	_, err := s.Promote(s.Context(), "q")
	s.must(err)
	_, err = s.reaper.Reap(s.Context())
	s.must(err)
}

// finish runs whatever there is.
func (s *carriedStorm) finish() {
	s.Helper()
	_, err := s.Promote(s.Context(), "q")
	s.must(err)
	_, err = s.reaper.Reap(s.Context())
	s.must(err)
	s.expireRelay()
	s.line = append(s.line, s.relay()...)
	for _, w := range s.workers {
		s.deliver(w, len(s.line))
		for len(s.held[w]) > 0 {
			s.end(w, zeroq.Succeeded)
		}
	}
	s.oneOwnerEach()
}

func (s *carriedStorm) oneOwnerEach() {
	s.Helper()
	owners := make(map[string]int)
	for _, group := range s.client.ZRange(s.Context(), s.keys.groups, 0, -1).Val() {
		for _, id := range s.client.HKeys(s.Context(), s.keys.inflight+group).Val() {
			if owners[id]++; owners[id] > 1 && id[0] != '#' {
				s.Fatalf("%s is had by %d", id, owners[id])
			}
		}
	}
}
