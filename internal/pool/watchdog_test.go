package pool

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// sick is a broker one of whose queues fails at one operation.
type sick struct {
	*fake
	queue, op string
	healed    chan struct{}
}

var errSick = errors.New("WRONGTYPE")

func (s sick) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	member, err := s.fake.Join(ctx, join)
	if err != nil || join.Queue != s.queue {
		return member, err
	}
	return sickMember{Member: member, sick: s}, nil
}

type sickMember struct {
	broker.Member
	sick sick
}

func (m sickMember) fails(op string) bool {
	select {
	case <-m.sick.healed:
		return false
	default:
		return m.sick.op == op
	}
}

func (m sickMember) Fetch(ctx context.Context, n, ahead int) ([]*broker.Delivery, error) {
	if m.fails("fetch") {
		return nil, errSick
	}
	return m.Member.Fetch(ctx, n, ahead)
}

func (m sickMember) Commit(ctx context.Context, deliveries []*broker.Delivery) ([]*broker.Delivery, error) {
	if len(deliveries) > 0 && m.fails("commit") {
		return nil, errSick
	}
	return m.Member.Commit(ctx, deliveries)
}

func twoQueues(c *Conf) { c.Queues = append(c.Queues, Queue{Name: "b", Weight: 1}) }

func TestReady_OneSickQueueAmongSeveralIsNotHidden(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"fetch", "commit"} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, twoQueues)
			healed := make(chan struct{})
			r.pool.broker = sick{fake: r.fake, queue: "b", op: op, healed: healed}
			r.handle("x", answers(nil))
			r.push(task("x", zeroq.Queue("b")))
			r.start()
			pass(readyFor - time.Second)
			if err := r.pool.Ready(); err != nil {
				t.Errorf("%s: not ready at the first hiccup: %v", op, err)
			}
			pass(10 * time.Second)
			err := r.pool.Ready()
			if !errors.Is(err, errNoFetch) || !errors.Is(err, errSick) || !strings.Contains(err.Error(), "queue b") {
				t.Errorf("%s: Ready answers %v", op, err)
			}
			if time.Since(r.pool.LastFetch()) > 3*time.Second {
				t.Errorf("%s: the other queue is not asked any more", op)
			}
			close(healed)
			pass(2 * backoff.Max)
			if err := r.pool.Ready(); err != nil || count(r.settled(), zeroq.Succeeded) != 1 {
				t.Errorf("%s: healed, and Ready answers %v; outcomes %+v", op, err, r.settled())
			}
		})
	}
}

func TestReady_WithoutABrokerItIsNot(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs"} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			if !errors.Is(r.pool.Ready(), errNoFetch) {
				t.Error("ready before its start")
			}
			r.start()
			pass(time.Second)
			if err := r.pool.Ready(); err != nil {
				t.Error(err)
			}
			r.before(func(ctx context.Context, _ string) error {
				if how == "hangs" {
					<-ctx.Done()
				}
				return errAway
			})
			pass(readyFor / 2)
			if err := r.pool.Ready(); err != nil {
				t.Errorf("%s: not ready at the first hiccup: %v", how, err)
			}
			pass(2 * readyFor)
			if !errors.Is(r.pool.Ready(), errNoFetch) {
				t.Errorf("%s: Ready answers %v", how, r.pool.Ready())
			}
			r.before(nil)
			pass(callTimeout + 2*backoff.Max)
			if err := r.pool.Ready(); err != nil {
				t.Errorf("%s: back, and Ready answers %v", how, err)
			}
		})
	}
}

// shut is a broker whose queues are closed, for much longer than a pool may be silent.
type shut struct {
	*fake
	cause error
}

func (s shut) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	member, err := s.fake.Join(ctx, join)
	return shutMember{Member: member, cause: s.cause}, err
}

type shutMember struct {
	broker.Member
	cause error
}

func (m shutMember) Fetch(context.Context, int, int) ([]*broker.Delivery, error) {
	return nil, &broker.ClosedError{Cause: m.cause, Wait: time.Hour}
}

func TestReady_AQueueThatIsPausedOrAtItsLimitIsFine(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{broker.ErrPaused, broker.ErrLimited} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, twoQueues)
			r.pool.broker = shut{fake: r.fake, cause: cause}
			r.start()
			for range 30 {
				pass(time.Second)
				if err := r.pool.Ready(); err != nil {
					t.Fatalf("%v: %v", cause, err)
				}
			}
		})
	}
}

func TestReady_APoolThatStoppedFetchingIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Conf{Concurrency: 1, Queues: []Queue{{Name: "a"}, {Name: "b"}}}, zeroq.NewMux(), newFake())
		p.watchdogs["a"].fetched()
		pass(readyFor)
		if err := p.Ready(); err != nil {
			t.Errorf("ten seconds after a fetch: %v", err)
		}
		pass(time.Second)
		if p.Ready() == nil {
			t.Error("ready though nothing is fetched any more")
		}
	})
}

func TestReady_AFullPoolIsFineAndSoIsOneThatWasFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Concurrency = 1 })
		free := make(chan struct{})
		r.handle("x", func(context.Context, *zeroq.Task) error { <-free; return nil })
		r.start()
		r.push(task("x"))
		pass(time.Minute)
		if err := r.pool.Ready(); err != nil {
			t.Errorf("full: %v", err)
		}
		r.before(func(ctx context.Context, op string) error { // the fetch that follows takes its time
			if op == "fetch" {
				<-time.After(time.Second)
			}
			return nil
		})
		close(free)
		synctest.Wait()
		if free, err := r.pool.Free(), r.pool.Ready(); free != 1 || err != nil {
			t.Errorf("%d slots are free, and Ready answers %v", free, err)
		}
	})
}

func TestReady_AQueueThatIsNotAskedIsFine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, twoQueues, func(c *Conf) { c.Strict, c.Concurrency = true, 1 })
		r.handle("x", func(context.Context, *zeroq.Task) error { <-time.After(time.Second); return nil })
		r.push(tasks("x", 40)...) // of the queue that goes first
		r.start()
		pass(30 * time.Second)
		if err := r.pool.Ready(); err != nil {
			t.Error(err)
		}
	})
}
