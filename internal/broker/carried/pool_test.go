package carried_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/pool"
)

// Two workers run tasks of ten groups while the carrier gives messages away to the other again and again: all
// run once, and each group one at a time and in its order.
func TestPools_KeepOrderWhateverTheCarrierDoes(t *testing.T) {
	t.Parallel()
	r := relayedRig(t, ordered)
	const groups, each = 10, 30
	log := &runs{running: map[string]bool{}, last: map[string]int{}}
	mux := zeroq.NewMux()
	mux.HandleFunc("echo", func(_ context.Context, task *zeroq.Task) error { return log.run(task) })
	ctx, cancel := context.WithCancel(r.ctx)
	var pools sync.WaitGroup
	for i, p := range []*process{r.process, r.start()} {
		conf := pool.Conf{
			Worker: fmt.Sprint("w", i), Queues: []pool.Queue{{Name: "q", Mode: broker.AtLeastOnce, Weight: 1}},
			Concurrency: 8, Lease: 5 * time.Second, Drain: 5 * time.Second,
		}
		pools.Go(func() { pool.New(conf, mux, p).Run(ctx) })
	}
	defer pools.Wait()
	defer cancel()
	for n := range each {
		var tasks []*zeroq.Task
		for g := range groups {
			one := grouped(fmt.Sprintf("g%d.%d", g, n), fmt.Sprint("g", g))
			one.Data = fmt.Appendf(nil, "%d", n)
			tasks = append(tasks, one)
		}
		r.enqueue(tasks...)
	}
	r.until("all have run", func() bool {
		r.server.Rebalance("q")
		return log.total() >= groups*each
	})
	r.forgotten()
	for _, problem := range log.problems {
		t.Error(problem)
	}
	if log.total() != groups*each {
		t.Errorf("%d runs of %d tasks", log.total(), groups*each)
	}
}

// runs is what handlers did.
type runs struct {
	mu       sync.Mutex
	running  map[string]bool // by group
	last     map[string]int  // number of the last task of a group
	count    int
	problems []string
}

func (l *runs) run(task *zeroq.Task) error {
	l.begin(task)
	<-time.After(time.Millisecond) // the work: long enough for the carrier to come in between
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[task.Group] = false
	return nil
}

func (l *runs) begin(task *zeroq.Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int
	fmt.Sscan(string(task.Data), &n)
	if l.running[task.Group] {
		l.problems = append(l.problems, task.ID+" runs beside another of its group")
	}
	if n != l.last[task.Group] {
		l.problems = append(l.problems, fmt.Sprintf("%s runs when number %d is next", task.ID, l.last[task.Group]))
	}
	l.last[task.Group] = n + 1
	l.running[task.Group] = true
	l.count++
}

func (l *runs) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}
