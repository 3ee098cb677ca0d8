package bench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// What the works of several cases are called.
const (
	workMany = "enqueue, 64 callers"
	workBulk = "enqueue, 512 a call"
	work100  = "process, concurrency 100"
)

// benchmark is redis-benchmark as a contestant, if it is there.
func benchmark() []contestant {
	if !haveRedisBenchmark() {
		return nil
	}
	return []contestant{{name: "redis-benchmark", party: redisBenchmark{}, fillers: manyCallers, batch: 1}}
}

// missing is what is said where redis-benchmark is not there.
func missing() string {
	if haveRedisBenchmark() {
		return ""
	}
	return " redis-benchmark is not on PATH, so it is left out."
}

func enqueueSuite(ctx context.Context, l *lab) ([]sheet, error) {
	var entries []entry
	for _, work := range []struct {
		name    string
		callers int
	}{{"enqueue, 1 caller", 1}, {workMany, manyCallers}, {"enqueue, 256 callers", 256}} {
		for _, who := range append(l.all(), benchmark()...) {
			entries = append(entries, entry{work.name, "", who.name, l.enqueueing(who, work.callers, 1, site{})})
		}
	}
	entries = append(entries, entry{workBulk, "", l.zeroq.name, l.enqueueing(l.zeroq, 1, contender.Batch, site{})})
	for _, who := range l.peers {
		entries = append(entries, entry{workBulk, "", who.name + ", 64 callers", l.enqueueing(who, manyCallers, 1, site{})})
	}
	figures, err := l.compare(ctx, entries)
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Enqueue", "From the first call to the last answer. go-redis is one LPUSH for each task, redis-benchmark its LPUSH of as many bytes: "+
		"the ceiling of one command each. asynq has no calls of many tasks, so 64 callers stand for them."+missing(), figures)}, nil
}

func processSuite(ctx context.Context, l *lab) ([]sheet, error) {
	var entries []entry
	for _, concurrency := range []int{1, 10, 100} {
		work := fmt.Sprintf("process, concurrency %d", concurrency)
		for _, who := range append(l.all(), benchmark()...) {
			entries = append(entries, entry{work, "", who.name, l.working(who, 1, concurrency, 0, site{})})
		}
	}
	figures, err := l.compare(ctx, entries)
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Process", "Tasks that do nothing, all of which are there before the worker starts; from the start of the first task until "+
		"all are acknowledged. go-redis is one BRPOP for each task, which loses what it popped; redis-benchmark is its RPOP."+missing(), figures)}, nil
}

// nap is how long a realistic task takes.
const nap = 5 * time.Millisecond

func realisticSuite(ctx context.Context, l *lab) ([]sheet, error) {
	var entries []entry
	for _, who := range l.all() {
		entries = append(entries, entry{"process, 2 × 100", "", who.name, l.working(who, 2, 100, nap, site{})})
	}
	figures, err := l.compare(ctx, entries)
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Realistic tasks", "Tasks that take 5 ms, in two worker processes of concurrency 100 that share one queue, until all are "+
		"acknowledged. No queue can do more than 40,000 a second; one that takes more than it runs would leave the other worker idle.", figures)}, nil
}

// backlogSuite keeps both backlogs for all of its runs, which leave them as long as they are.
func backlogSuite(ctx context.Context, l *lab) ([]sheet, error) {
	var entries []entry
	for _, backlog := range []int{l.small, l.large} {
		for _, who := range l.all() {
			p, err := site{}.open()
			if err != nil {
				return nil, err
			}
			defer p.close()
			e := entry{"process and refill", "backlog " + whole(float64(backlog)), who.name, l.refilling(who, p)}
			if err := p.fill(ctx, who, backlog); err != nil {
				return nil, e.failed(err)
			}
			entries = append(entries, e)
		}
	}
	figures, err := l.compare(ctx, entries)
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Backlog", "Concurrency 100, and 512 tasks are enqueued for each 512 that have run, so that the backlog stays as long as it is; from "+
		"the start of the first task to the end of the last. asynq is refilled by 64 callers, one task a call.", figures)}, nil
}

// refilling has a worker run tasks while as many are put on its queue.
func (l *lab) refilling(who contestant, p *place) measure {
	return func(ctx context.Context, tasks int) (run, error) {
		return p.watch(ctx, func() (run, error) {
			return l.one(ctx, who, contender.Order{
				Role: contender.Steady, Redis: p.addr, Tasks: tasks, Payload: payload, Concurrency: 100, Callers: who.refillers(), Batch: who.batch,
			})
		})
	}
}

func latencySuite(ctx context.Context, l *lab) ([]sheet, error) {
	var entries []entry
	var pings []string
	for _, delay := range l.delays {
		where := site{remote: true, delay: delay}
		ping, err := where.ping(ctx)
		if err != nil {
			return nil, err
		}
		with := fmt.Sprintf("%d ms added", delay.Milliseconds())
		pings = append(pings, fmt.Sprintf("%.2f ms", ping.Seconds()*1000))
		for _, who := range l.all() {
			entries = append(entries,
				entry{workMany, with, who.name, l.enqueueing(who, manyCallers, 1, where)},
				entry{work100, with, who.name, l.working(who, 1, 100, 0, where)})
		}
	}
	figures, err := l.compare(ctx, byWork(entries))
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Latency", "Redis behind a proxy of this command that holds back each answer for a while and bounds nothing else, also where "+
		"nothing is added. A PING takes "+strings.Join(pings, ", ")+".", figures)}, nil
}

// ping is how long a PING takes from contenders, in the median.
func (s site) ping(ctx context.Context) (time.Duration, error) {
	p, err := s.open()
	if err != nil {
		return 0, err
	}
	defer p.close()
	client := dial(p.addr, 1)
	defer client.Close()
	times := make([]time.Duration, 51)
	for i := range times {
		begin := time.Now()
		if err := client.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		times[i] = time.Since(begin)
	}
	return percentile(times, 0.5), nil
}

// persistence are the conditions by the settings of appendfsync.
var persistence = map[string]string{"": "no AOF", "everysec": "AOF everysec", "always": "AOF always"}

func persistenceSuite(ctx context.Context, l *lab) ([]sheet, error) {
	synced, err := syncTime()
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, fsync := range l.fsyncs {
		with, where := persistence[fsync], site{}
		if fsync != "" {
			where.args = []string{"--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0"}
		}
		for _, who := range l.queues() {
			entries = append(entries,
				entry{workMany, with, who.name, l.enqueueing(who, manyCallers, 1, where)},
				entry{work100, with, who.name, l.working(who, 1, 100, 0, where)})
		}
		entries = append(entries, entry{workBulk, with, l.zeroq.name, l.enqueueing(l.zeroq, 1, contender.Batch, where)})
	}
	figures, err := l.compare(ctx, byWork(entries))
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("Persistence", "The append-only file is in the folder for temporary files, where it takes "+millis(synced)+" ms to sync 4 kB, and is not "+
		"rewritten meanwhile.", figures)}, nil
}

// syncTime is how long it takes, in the median, to write and sync 4 kB among temporary files.
func syncTime() (time.Duration, error) {
	file, err := os.CreateTemp("", "zeroq-bench-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	times := make([]time.Duration, 21)
	for i := range times {
		begin := time.Now()
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		times[i] = time.Since(begin)
	}
	return percentile(times, 0.5), nil
}

// byWork puts entries of one work together, in the order in which works, and entries, first come.
func byWork(entries []entry) (sorted []entry) {
	seen := make(map[string]bool)
	for _, first := range entries {
		if seen[first.work] {
			continue
		}
		seen[first.work] = true
		for _, e := range entries {
			if e.work == first.work {
				sorted = append(sorted, e)
			}
		}
	}
	return sorted
}
