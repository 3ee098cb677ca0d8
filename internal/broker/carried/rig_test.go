package carried_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

const testLease = 400 * time.Millisecond

// The two kinds of carriers.
var (
	ordered   = broker.Powers{Name: "ordered", Order: true}
	unordered = broker.Powers{Name: "unordered"}
	kinds     = []broker.Powers{ordered, unordered}
)

// rig is an empty Redis and an empty carrier, and a process that uses them for queue q.
type rig struct {
	*process
	t      *testing.T
	ctx    context.Context
	conf   zeroq.RedisConf
	client *redis.Client
	server *carriertest.Memory
}

// process is what one process has.
type process struct {
	*carried.Broker
	redis   *redisq.Broker
	carrier *carriertest.MemoryCarrier
}

// newRig makes a rig without a relay.
func newRig(t *testing.T, powers broker.Powers) *rig {
	t.Helper()
	conf, client := redistest.New(t)
	r := &rig{t: t, ctx: t.Context(), conf: conf, client: client, server: carriertest.NewMemory(powers)}
	r.process = r.start()
	r.must(r.Carry(r.ctx, "q", powers))
	return r
}

// relayedRig makes a rig with a relay at work.
func relayedRig(t *testing.T, powers broker.Powers) *rig {
	t.Helper()
	r := newRig(t, powers)
	r.relay("relay")
	return r
}

// each runs a test on both kinds of carriers.
func each(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Parallel()
	for _, powers := range kinds {
		t.Run(powers.Name, func(t *testing.T) {
			t.Parallel()
			test(t, relayedRig(t, powers))
		})
	}
}

// start starts another process.
func (r *rig) start() *process {
	r.t.Helper()
	redis, err := redisq.Open(r.conf)
	r.must(err)
	p := &process{redis: redis, carrier: r.server.Open()}
	p.Broker = carried.New(redis, map[string]broker.Carrier{"q": p.carrier})
	r.t.Cleanup(func() {
		if err := p.Close(); err != nil {
			r.t.Errorf("close: %v", err)
		}
	})
	return p
}

// relay begins to move tasks until the test ends, or stop is called.
func (r *rig) relay(owner string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		r.Relay(ctx, "q", owner)
		close(done)
	}()
	stop = func() {
		cancel()
		<-done
	}
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// until polls until the condition holds.
func (r *rig) until(what string, condition func() bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for pause := time.Millisecond; !condition(); pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-deadline:
			r.t.Fatalf("still waiting: %s", what)
		case <-time.After(pause):
		}
	}
}

// during does something again and again for a time in which the contrary would show.
func (r *rig) during(do func()) {
	for end := time.Now().Add(250 * time.Millisecond); time.Now().Before(end); {
		do()
		pause, cancel := context.WithTimeout(r.ctx, 10*time.Millisecond)
		<-pause.Done()
		cancel()
	}
}

func (r *rig) join(p *process, worker string, mode broker.Mode) broker.Member {
	r.t.Helper()
	m, err := p.Join(r.ctx, broker.Join{Queue: "q", Worker: worker, Mode: mode, Lease: testLease, Slots: 20})
	r.must(err)
	r.t.Cleanup(func() { _ = m.Leave(context.WithoutCancel(r.ctx)) })
	return m
}

func (r *rig) worker(name string) broker.Member { return r.join(r.process, name, broker.AtLeastOnce) }

func task(options ...zeroq.Option) *zeroq.Task {
	t := zeroq.NewTask("echo", 1, append([]zeroq.Option{zeroq.Queue("q")}, options...)...)
	t.SetDefaults()
	return t
}

func grouped(id, group string) *zeroq.Task {
	t := task(zeroq.ID(id))
	t.Group = group
	return t
}

func (r *rig) enqueue(tasks ...*zeroq.Task) {
	r.t.Helper()
	for i, err := range r.Enqueue(r.ctx, tasks) {
		if err != nil {
			r.t.Fatalf("task %d: %v", i, err)
		}
	}
}

// fetch takes exactly n tasks, in the order of their ids.
func (r *rig) fetch(m broker.Member, n int) []*broker.Delivery {
	r.t.Helper()
	var all []*broker.Delivery
	r.until("deliveries come", func() bool {
		got, err := m.Fetch(r.ctx, n-len(all), 0)
		if !isLost(err) { // the next one begins a new lease
			r.must(err)
		}
		all = append(all, got...)
		return len(all) >= n
	})
	if len(all) != n {
		r.t.Fatalf("%d deliveries, want %d", len(all), n)
	}
	slices.SortFunc(all, func(a, b *broker.Delivery) int {
		if a.Receipt < b.Receipt {
			return -1
		}
		return 1
	})
	return all
}

// none checks that nothing comes to any of the members.
func (r *rig) none(members ...broker.Member) {
	r.t.Helper()
	r.during(func() {
		for _, m := range members {
			got, err := m.Fetch(r.ctx, 10, 0)
			r.must(err)
			if len(got) > 0 {
				r.t.Fatalf("fetched %s, want nothing", got[0].Raw)
			}
		}
	})
}

func outcome(m broker.Member, d *broker.Delivery, state zeroq.State) broker.Outcome {
	return broker.Outcome{Delivery: d, State: state, StartedAt: m.Now(), FinishedAt: m.Now()}
}

func (r *rig) succeed(m broker.Member, deliveries ...*broker.Delivery) {
	r.t.Helper()
	var outcomes []broker.Outcome
	for _, d := range deliveries {
		outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
	}
	r.must(m.Settle(r.ctx, outcomes))
}

// reap lets a reaper look until it has given n tasks back.
func (r *rig) reap(n int) {
	r.t.Helper()
	reaper, total := r.NewReaper("q", "undertaker", testLease), 0
	r.until("the dead worker's tasks come back", func() bool {
		got, err := reaper.Reap(r.ctx)
		r.must(err)
		total += got
		return total >= n
	})
}

func (r *rig) wants(id string, want zeroq.State) *zeroq.TaskInfo {
	r.t.Helper()
	info, err := r.Task(r.ctx, id, "q")
	r.must(err)
	if info.State != want {
		r.t.Errorf("task %s is %s, want %s", id, info.State, want)
	}
	return info
}

// forgotten waits until the carrier has nothing left.
func (r *rig) forgotten() {
	r.t.Helper()
	r.until("the carrier has forgotten everything", func() bool { return len(r.server.Unacknowledged("q")) == 0 })
}

// drops fetches until the carrier has nothing left, none of which may run.
func (r *rig) drops(members ...broker.Member) {
	r.t.Helper()
	r.until("what came again is dropped", func() bool {
		r.none(members...)
		return len(r.server.Unacknowledged("q")) == 0
	})
}

// away waits until the carrier has n messages.
func (r *rig) away(n int) {
	r.t.Helper()
	r.until("the messages are at the carrier", func() bool { return len(r.server.Unacknowledged("q")) == n })
}

func isLost(err error) bool { return errors.Is(err, zeroq.ErrLeaseLost) }
