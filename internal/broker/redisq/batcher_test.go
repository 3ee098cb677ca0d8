package redisq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// tollgate holds the calls of the enqueue script up until they are let through, and counts them.
type tollgate struct {
	calls  atomic.Int64
	opened chan struct{}
}

func newTollgate(r *rig) *tollgate {
	g := &tollgate{opened: make(chan struct{})}
	r.calls.AddHook(g)
	return g
}

func (g *tollgate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *tollgate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (g *tollgate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && scriptOf(cmd.Args()[1].(string)) == "enqueue" {
			g.calls.Add(1)
			select {
			case <-g.opened:
			case <-ctx.Done():
				cmd.SetErr(ctx.Err())
				return ctx.Err()
			}
		}
		return next(ctx, cmd)
	}
}

// crowd has callers at the queue's batcher.
type crowd struct {
	*rig
	gate  *tollgate
	group sync.WaitGroup
}

func newCrowd(r *rig) *crowd {
	r.put(newTask()) // the queue is met, its numbers are at hand and its scripts are known
	return &crowd{rig: r, gate: newTollgate(r)}
}

// come begins an enqueue and returns when it is on its way, or waits.
func (c *crowd) come(ctx context.Context, tasks ...*zeroq.Task) <-chan []error {
	c.Helper()
	_, before := c.present()
	done := make(chan []error, 1)
	c.group.Go(func() { done <- c.Enqueue(ctx, tasks) })
	c.until("the caller is there", func() bool { _, now := c.present(); return now > before })
	return done
}

// present is how many callers wait, and how many are there at all.
func (c *crowd) present() (waiting, all int) {
	b := c.batcher("q", c.keys)
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), len(b.waiting) + int(c.gate.calls.Load())
}

// fill has one caller on its way, so that the others wait for as long as the test takes.
func (c *crowd) fill() []<-chan []error {
	c.Helper()
	first := c.come(c.Context(), newTask())
	c.hold()
	return []<-chan []error{first}
}

// hold keeps callers from losing their patience.
func (c *crowd) hold() {
	b := c.batcher("q", c.keys)
	b.mu.Lock()
	b.begun = time.Now().Add(time.Hour)
	b.mu.Unlock()
}

func (c *crowd) open() { close(c.gate.opened) }

func (r *rig) wantErr(errs []error, want ...error) {
	r.Helper()
	if len(errs) != len(want) {
		r.Fatalf("%v, want %v", errs, want)
	}
	for i := range errs {
		if !errors.Is(errs[i], want[i]) {
			r.Errorf("task %d: %v, want %v", i, errs[i], want[i])
		}
	}
}

func TestBatcher_ThoseWhoWaitGoTogether(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	first := c.fill()
	var waiting []<-chan []error
	var tasks []*zeroq.Task
	for i := range 20 {
		two := []*zeroq.Task{newTask(), newTask(zeroq.Prioritized(zeroq.Priorities[i%3]))}
		tasks = append(tasks, two...)
		waiting = append(waiting, c.come(t.Context(), two...))
	}
	c.open()
	for _, done := range first {
		c.wantErr(<-done, nil)
	}
	for _, done := range waiting {
		c.wantErr(<-done, nil, nil)
	}
	if n := c.gate.calls.Load(); n > 1+2 {
		t.Errorf("%d calls for %d callers", n, 1+20)
	}
	seen := map[string]bool{}
	for _, task := range tasks {
		if task.ID == "" || seen[task.ID] || task.EnqueuedAt.IsZero() {
			t.Errorf("a task got id %q, and %v", task.ID, task.EnqueuedAt)
		}
		seen[task.ID] = true
	}
	c.fetch(c.join("w"), 1+1+40)
}

func TestBatcher_EveryTaskIsFetchedInItsCallersOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const callers, each, size = 32, 20, 3
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for i := range each {
				tasks := newTasks(size)
				for k, task := range tasks {
					task.Data = fmt.Appendf(nil, `[%d,%d]`, n, i*size+k)
				}
				for _, err := range r.Enqueue(t.Context(), tasks) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	next, m := make([]int, callers), r.join("w")
	for range callers * each * size / 64 {
		for _, d := range r.fetch(m, 64) {
			var caller, number int
			if _, err := fmt.Sscanf(string(d.Task.Data), "[%d,%d]", &caller, &number); err != nil || next[caller] != number {
				t.Fatalf("%s came, want number %d of that caller: %v", d.Raw, next[caller], err)
			}
			next[caller]++
		}
	}
}

func TestBatcher_FullQueueTakesTheFirstOfAll(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	most := 1 + 4
	c.must(c.Limit(t.Context(), "q", zeroq.LimitsChange{MaxLength: &most}))
	end := c.busy()
	a, b, d := c.come(t.Context(), newTasks(3)...), c.come(t.Context(), newTasks(3)...), c.come(t.Context(), newTask())
	end()
	c.open()
	c.wantErr(<-a, nil, nil, nil)
	c.wantErr(<-b, nil, zeroq.ErrQueueFull, zeroq.ErrQueueFull)
	c.wantErr(<-d, zeroq.ErrQueueFull)
	if n := c.count(zeroq.Ready); n != int64(most) {
		t.Errorf("%d are ready, want %d", n, most)
	}
}

func TestBatcher_DrainingQueueRefusesAll(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	first := c.fill()
	a, b := c.come(t.Context(), newTasks(2)...), c.come(t.Context(), newTask())
	c.must(c.Drain(t.Context(), "q"))
	c.open()
	for _, done := range append(first, b) {
		c.wantErr(<-done, zeroq.ErrDraining)
	}
	c.wantErr(<-a, zeroq.ErrDraining, zeroq.ErrDraining)
}

func TestBatcher_WhoLeavesHarmsNobody(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	first := c.fill()
	brief, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer leave()
	gone := c.come(brief, newTask())
	stays := c.come(t.Context(), newTask())
	c.wantErr(<-gone, zeroq.ErrUnavailable)
	c.open()
	for _, done := range append(first, stays) {
		c.wantErr(<-done, nil)
	}
	if n := c.count(zeroq.Ready); n != 1+1+1 {
		t.Errorf("%d are ready: who left before the call was made has put nothing in", n)
	}
}

// busy has those who come wait, as if calls were under way, until one of these ends.
func (c *crowd) busy() (end func()) {
	b := c.batcher("q", c.keys)
	b.mu.Lock()
	b.trips++
	b.mu.Unlock()
	c.hold()
	return func() {
		b.next()
		c.hold()
		c.until("a trip is under way", func() bool { return c.gate.calls.Load() == 1 })
	}
}

// on has a trip of several callers held up.
func (c *crowd) on(callers ...context.Context) (all []<-chan []error) {
	c.Helper()
	end := c.busy()
	for _, ctx := range callers {
		all = append(all, c.come(ctx, newTask()))
	}
	end()
	return all
}

func TestBatcher_WhoLeavesATripStopsItOnlyAsTheLast(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	ctx, leave := context.WithCancel(t.Context())
	gone := c.on(ctx, ctx)
	leave()
	for _, done := range gone {
		c.wantErr(<-done, context.Canceled)
	}
	c.until("the trip has ended", func() bool {
		b := c.batcher("q", c.keys)
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.trips == 0
	})
}

func TestBatcher_TripGoesOnForThoseWhoStay(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	ctx, leave := context.WithCancel(t.Context())
	both := c.on(t.Context(), ctx)
	leave()
	c.wantErr(<-both[1], context.Canceled)
	c.open()
	c.wantErr(<-both[0], nil)
	if n := c.count(zeroq.Ready); n != 3 {
		t.Errorf("%d are ready, want 3: the call was under way", n)
	}
}

func TestBatcher_CloseEndsAllCalls(t *testing.T) {
	t.Parallel()
	conf, client := redistest.New(t)
	b, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowd(&rig{T: t, Broker: b, client: client, keys: keysOf("q")})
	all := c.on(t.Context(), t.Context(), t.Context())
	for range 3 {
		all = append(all, c.come(t.Context(), newTask()))
	}
	c.must(c.Close())
	for _, done := range all {
		c.wantErr(<-done, zeroq.ErrUnavailable)
	}
	c.open()
	c.wantErr(c.Enqueue(t.Context(), newTasks(1)), zeroq.ErrUnavailable)
}

// impatient has those who wait go beside the calls that are under way.
func (c *crowd) impatient() {
	b := c.batcher("q", c.keys)
	b.mu.Lock()
	b.begun = time.Now().Add(-time.Minute)
	b.mu.Unlock()
}

func TestBatcher_ThoseWhoWaitGoBesideACallThatHangs(t *testing.T) {
	t.Parallel()
	c := newCrowd(newRig(t))
	all := c.fill()
	for calls := int64(2); calls <= maxTrips; calls++ {
		all = append(all, c.come(t.Context(), newTask()))
		c.impatient()
		c.until("one more call is under way", func() bool { return c.gate.calls.Load() == calls })
		c.hold()
	}
	all = append(all, c.come(t.Context(), newTask()))
	c.impatient()
	b := c.batcher("q", c.keys)
	b.watch()
	if waiting, _ := c.present(); waiting != 1 {
		t.Errorf("%d wait, want the one for whom there is no call left", waiting)
	}
	c.open()
	for _, done := range all {
		c.wantErr(<-done, nil)
	}
	c.until("nobody watches", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return !b.watched && b.trips == 0 })
}

// Callers go on over kills of Redis: each has its own answer, and what was acknowledged is there.
func TestBatcher_RestartLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	r, server := newOwnRig(t)
	r.put(newTask())
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for ctx.Err() == nil {
				task := newTask()
				if r.passed(r.Enqueue(t.Context(), []*zeroq.Task{task})[0]) {
					mu.Lock()
					acknowledged[task.ID] = true
					mu.Unlock()
				}
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(acknowledged) }
	for range 2 {
		before := count()
		r.until("some are in", func() bool { return count() >= before+100 })
		server.Kill()
		server.Restart()
	}
	before := count()
	r.until("they go on", func() bool { return count() >= before+100 })
	stop()
	callers.Wait()
	found, m := map[string]bool{}, r.joinFor("w", "at-least-once", time.Minute)
	r.until("all are fetched", func() bool {
		deliveries, err := m.Fetch(t.Context(), 500, 0)
		r.must(err)
		for _, d := range deliveries {
			if found[d.Task.ID] {
				t.Errorf("%s came twice", d.Task.ID)
			}
			found[d.Task.ID] = true
		}
		return len(deliveries) == 0
	})
	for id := range acknowledged {
		if !found[id] {
			t.Errorf("%s was acknowledged and is not there", id)
		}
	}
}
