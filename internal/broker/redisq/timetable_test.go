package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// hourly is a schedule of queue q.
func hourly(name string, change ...func(*zeroq.Schedule)) zeroq.Schedule {
	s := zeroq.Schedule{Name: name, Spec: "@every 1h", Task: zeroq.NewTask("echo", 1, zeroq.Queue("q"))}
	for _, f := range change {
		f(&s)
	}
	return s
}

func (r *rig) schedule(s zeroq.Schedule) {
	r.Helper()
	_, err := r.PutSchedule(r.Context(), s)
	r.must(err)
}

// rewind makes a schedule due for a time so long ago.
func (r *rig) rewind(name string, ago time.Duration) time.Time {
	r.Helper()
	r.must(r.Ping(r.Context()))
	at := r.Now().Add(-ago)
	r.must(r.client.ZAddXX(r.Context(), r.keys.schedNext, redis.Z{Score: float64(at.UnixMilli()), Member: name}).Err())
	return at
}

func (r *rig) tick() int {
	r.Helper()
	n, _, err := r.Tick(r.Context())
	r.must(err)
	return n
}

func (r *rig) schedules() map[string]zeroq.Schedule {
	r.Helper()
	all, err := r.Schedules(r.Context())
	r.must(err)
	byName := make(map[string]zeroq.Schedule)
	for _, s := range all {
		byName[s.Name] = s
	}
	return byName
}

// enqueued are the tasks on the ready list, oldest first.
func (r *rig) enqueued() []*zeroq.Task {
	r.Helper()
	messages, err := r.client.LRange(r.Context(), r.keys.ready, 0, -1).Result()
	r.must(err)
	slices.Reverse(messages)
	var tasks []*zeroq.Task
	for _, message := range messages {
		task, err := wire.Decode([]byte(message))
		r.must(err)
		tasks = append(tasks, task)
	}
	return tasks
}

func TestTick_TaskTellsItsScheduleAndTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.schedule(hourly("report", func(s *zeroq.Schedule) {
		s.Task = zeroq.NewTask("echo", nil, zeroq.Queue("q"), zeroq.Header("own", "x"), zeroq.Timeout(time.Minute),
			zeroq.MaxAttempts(3), zeroq.Retention(2*time.Hour))
		s.Task.Data = []byte(`{ "b":1.50, "a":"<&>"}`)
	}))
	if n := r.tick(); n != 0 {
		t.Fatalf("%d tasks before the time", n)
	}
	at := r.rewind("report", time.Second)
	if n := r.tick(); n != 1 {
		t.Fatalf("%d tasks", n)
	}
	task := r.enqueued()[0]
	if task.Type != "echo" || string(task.Data) != `{ "b":1.50, "a":"<&>"}` || task.Timeout != time.Minute || task.MaxAttempts != 3 ||
		task.Retention != 2*time.Hour || task.Headers["own"] != "x" || task.Headers[cron.HeaderName] != "report" ||
		task.Headers[cron.HeaderTime] != wire.FormatTime(at) {
		t.Errorf("enqueued %+v", task)
	}
	info, err := r.Task(r.Context(), task.ID, "")
	r.must(err)
	if info.State != zeroq.Ready || r.client.HGet(r.Context(), r.keys.counters, "enqueued").Val() != "1" {
		t.Errorf("the task is %+v", info)
	}
	s := r.schedules()["report"]
	if !s.LastRun.Equal(at) || s.LastTask != task.ID || s.Skipped != 0 || len(s.NextRuns) != 5 || s.NextRuns[0].Minute() != 0 {
		t.Errorf("the schedule is %+v", s)
	}
	if n := r.tick(); n != 0 {
		t.Errorf("%d tasks of the same time", n)
	}
}

func TestTick_OverlapSkipsWhileTheLastTaskIsNotFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.schedule(hourly("skips", func(s *zeroq.Schedule) { s.Overlap = zeroq.OverlapSkip }))
	step := func(want int) {
		t.Helper()
		r.rewind("skips", time.Second)
		if n := r.tick(); n != want {
			t.Fatalf("%d tasks, want %d", n, want)
		}
	}
	step(1)
	step(0)
	m := r.join("w")
	held := r.fetch(m, 1)
	step(0)
	r.settle(m, outcome(m, held[0], zeroq.Retry))
	step(0)
	if s := r.schedules()["skips"]; s.Skipped != 3 || s.LastTask != held[0].Task.ID {
		t.Errorf("the schedule is %+v", s)
	}
	r.must(r.client.ZAdd(r.Context(), r.keys.retry, redis.Z{Member: held[0].Task.ID}).Err()) // due now
	_, err := r.Promote(r.Context(), "q")
	r.must(err)
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	step(1)
	r.must(r.client.Del(r.Context(), r.keys.place(r.schedules()["skips"].LastTask).key).Err()) // forgotten
	step(1)
}

func TestTick_JitterSpreadsTasks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 50
	for i := range n {
		r.schedule(hourly(fmt.Sprint("s", i), func(s *zeroq.Schedule) { s.Jitter = time.Hour }))
		r.rewind(fmt.Sprint("s", i), time.Second)
	}
	if got := r.tick(); got != n {
		t.Fatalf("%d tasks", got)
	}
	due, err := r.client.ZRangeWithScores(r.Context(), r.keys.scheduled, 0, -1).Result()
	r.must(err)
	if len(due) < n-1 { // one may be due at once
		t.Fatalf("%d are scheduled", len(due))
	}
	first, last := fromMillis(int64(due[0].Score)), fromMillis(int64(due[len(due)-1].Score))
	if first.Before(r.Now().Add(-time.Minute)) || last.After(r.Now().Add(time.Hour)) || last.Sub(first) < 10*time.Minute {
		t.Errorf("they are due from %v to %v", first, last)
	}
	if info, err := r.Task(r.Context(), due[0].Member.(string), ""); err != nil || info.State != zeroq.Scheduled {
		t.Errorf("the first is %+v, %v", info, err)
	}
}

func TestTick_CatchesUpAsTheSchedulesSay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(r.Ping(r.Context()))
	last := r.Now().Add(-30 * time.Minute).Truncate(time.Minute) // far from now, and so is the next one
	for policy, want := range map[zeroq.CatchUp]struct{ ran, skipped int }{
		zeroq.CatchUpNone: {0, 3}, zeroq.CatchUpLast: {1, 2}, zeroq.CatchUpAll: {3, 0},
	} {
		r.must(r.client.Del(r.Context(), r.keys.ready).Err())
		name := string(policy)
		r.schedule(hourly(name, func(s *zeroq.Schedule) { s.Spec, s.CatchUp = fmt.Sprint(last.Minute(), " * * * *"), policy }))
		first := float64(last.Add(-2 * time.Hour).UnixMilli())
		r.must(r.client.ZAddXX(r.Context(), r.keys.schedNext, redis.Z{Score: first, Member: name}).Err())
		n := r.tick()
		if s := r.schedules()[name]; n != want.ran || int(s.Skipped) != want.skipped || n > 0 && !s.LastRun.Equal(last) {
			t.Errorf("%s: %d tasks, want %+v: %+v", policy, n, want, s)
		}
		for i, task := range r.enqueued() {
			at := last.Add(-time.Duration(n-1-i) * time.Hour)
			if got := task.Headers[cron.HeaderTime]; got != wire.FormatTime(at) {
				t.Errorf("%s: task %d is of %s, want %v", policy, i, got, at)
			}
		}
		if n := r.tick(); n != 0 {
			t.Errorf("%s: %d more", policy, n)
		}
	}
}

// The promise of the whole thing: five processes, one of which dies, and each time is enqueued once.
func TestTick_EachTimeOnceHoweverManyTick(t *testing.T) {
	t.Parallel()
	const processes, schedules, rounds = 5, 40, 8
	r := newRig(t)
	for i := range schedules {
		r.schedule(hourly(fmt.Sprint("s", i)))
	}
	brokers := make([]*rig, processes)
	for i := range brokers {
		brokers[i] = r.another()
	}
	killed, err := Open(zeroq.RedisConf{Addrs: []string{r.client.Options().Addr}, DB: r.client.Options().DB})
	r.must(err)
	want := map[string]bool{}
	for round := range rounds {
		for i := range schedules {
			at := r.rewind(fmt.Sprint("s", i), time.Duration(1+i)*time.Millisecond)
			want[fmt.Sprint("s", i, " ", wire.FormatTime(at))] = true
		}
		var all sync.WaitGroup
		for _, b := range brokers {
			all.Go(func() {
				for range 3 {
					if _, _, err := b.Tick(r.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Go(func() { _, _, _ = killed.Tick(r.Context()) }) // its connections go while it ticks
		if round == rounds/2 {
			all.Go(func() { _ = killed.Close() })
		}
		all.Wait()
		r.tick() // what nobody got to, as all gave way to others
	}
	got, ids := map[string]int{}, map[string]bool{}
	for _, task := range r.enqueued() {
		got[task.Headers[cron.HeaderName]+" "+task.Headers[cron.HeaderTime]]++
		ids[task.ID] = true
	}
	if len(ids) != schedules*rounds || len(want) != len(ids) {
		t.Errorf("%d tasks for %d times, want %d", len(ids), len(want), schedules*rounds)
	}
	for tick := range want {
		if got[tick] != 1 {
			t.Errorf("%s was enqueued %d times", tick, got[tick])
		}
	}
}

func TestTick_OneBrokenScheduleHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"a", "b", "c"} {
		r.schedule(hourly(name))
		r.rewind(name, time.Second)
	}
	r.must(r.client.HSet(r.Context(), r.keys.schedules, "b", "scribble").Err())
	n, wait, err := r.Tick(r.Context())
	if n != 2 || wait <= 0 || err == nil || !strings.Contains(err.Error(), "schedule b") {
		t.Errorf("%d tasks, wait %v, %v", n, wait, err)
	}
	if _, err := r.Schedule(t.Context(), "b"); err == nil || errors.Is(err, zeroq.ErrNotFound) || len(r.schedules()) != 2 {
		t.Errorf("shown: %v, %v", r.schedules(), err)
	}
	r.schedule(hourly("b"))
	r.rewind("b", time.Second)
	if n := r.tick(); n != 1 {
		t.Errorf("%d tasks after it was replaced", n)
	}
	r.must(r.client.HSet(r.Context(), r.keys.schedules, "b", "scribble").Err())
	r.must(r.DeleteSchedule(t.Context(), "b"))
}

func TestTick_TellsHowLongNothingIsDue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, wait, err := r.Tick(r.Context()); err != nil || wait != idleTick {
		t.Errorf("without schedules: %v, %v", wait, err)
	}
	r.schedule(hourly("soon", func(s *zeroq.Schedule) { s.Spec = "@every 30s" }))
	if _, wait, err := r.Tick(r.Context()); err != nil || wait <= 0 || wait > 30*time.Second {
		t.Errorf("every 30s: %v, %v", wait, err)
	}
}

// A process that stops at any step of a change of queue leaves one schedule that ticks, or another
// process makes it so.
func TestPutSchedule_ChangeOfQueueThatIsBrokenOffLeavesOne(t *testing.T) {
	t.Parallel()
	for steps := 0; ; steps++ {
		r := newRig(t)
		r.schedule(hourly("moves"))
		r.must(r.CheckQueue(r.Context(), "other"))
		mover := r.another()
		r.must(mover.CheckQueue(r.Context(), "other"))
		cut := &cutter{left: steps}
		mover.calls.AddHook(cut)
		_, err := mover.PutSchedule(r.Context(), hourly("moves", func(s *zeroq.Schedule) { s.Task.Queue = "other" }))
		if whole := err == nil; whole != !cut.fell {
			t.Fatalf("%d steps: %v", steps, err)
		}
		// Both queues' times come, again and again, and nobody repeats the call.
		for round := range 4 {
			total := 0
			for _, queue := range []string{"q", "other"} {
				at := float64(time.Now().UnixMilli() - 1000)
				r.must(r.client.ZAddXX(r.Context(), keysOf(queue).schedNext, redis.Z{Score: at, Member: "moves"}).Err())
			}
			r.timed.forget()
			total += r.tickEverywhere("q", "other")
			if total != 1 {
				t.Errorf("broken off after %d steps: %d tasks in round %d", steps, total, round)
			}
		}
		n := r.client.ZCard(r.Context(), r.keys.schedNext).Val() + r.client.ZCard(r.Context(), keysOf("other").schedNext).Val()
		if all := r.schedules(); n != 1 || len(all) != 1 || len(all["moves"].NextRuns) == 0 {
			t.Errorf("broken off after %d steps: %d of them, shown are %v", steps, n, all)
		}
		if !cut.fell {
			if steps < 5 {
				t.Errorf("the change took %d steps only: nothing was cut", steps)
			}
			return
		}
	}
}

// tickEverywhere ticks in queues, whether it is known that they have schedules or not.
func (r *rig) tickEverywhere(queues ...string) (total int) {
	r.Helper()
	for _, queue := range queues {
		r.must(r.Ping(r.Context()))
		n, err := r.tickQueue(r.Context(), queue, r.Now())
		r.must(err)
		total += n
	}
	return total
}

var errCut = errors.New("cut off")

// cutter lets so many commands pass and then none.
type cutter struct {
	left int
	fell bool
}

func (c *cutter) pass() bool {
	c.left--
	c.fell = c.fell || c.left < 0
	return c.left >= 0
}

func (c *cutter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *cutter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !c.pass() {
			return errCut
		}
		return next(ctx, cmd)
	}
}

func (c *cutter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !c.pass() {
			return errCut
		}
		return next(ctx, cmds)
	}
}

// A Redis that lost its last writes gives out numbers again: the tick takes others.
func TestTick_NumbersGivenOutTwiceLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 5 {
		r.schedule(hourly(fmt.Sprint("s", i)))
		r.rewind(fmt.Sprint("s", i), time.Second)
	}
	other := r.another()
	other.put(newTasks(70)...)
	r.must(r.client.Del(t.Context(), r.keys.sequence).Err())
	if n := r.tick(); n != 5 {
		t.Errorf("%d tasks", n)
	}
	ids := map[string]bool{}
	for _, task := range r.enqueued() {
		ids[task.ID] = true
	}
	if len(ids) != 75 {
		t.Errorf("%d tasks are on the list", len(ids))
	}
}

func TestTick_TasksWaitByTheirPriority(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, priority := range zeroq.Priorities {
		r.schedule(hourly(string(priority), func(s *zeroq.Schedule) { s.Task.Priority = priority }))
		r.rewind(string(priority), time.Second)
	}
	if n := r.tick(); n != 3 {
		t.Fatalf("%d tasks", n)
	}
	for priority, key := range map[zeroq.Priority]string{
		zeroq.High: r.keys.high, zeroq.Normal: r.keys.ready, zeroq.Low: r.keys.low,
	} {
		found := strings.Join(r.client.LRange(t.Context(), key, 0, -1).Val(), "")
		if strings.Count(found, `"zeroq-schedule"`) != 1 || !strings.Contains(found, `"zeroq-schedule":"`+string(priority)+`"`) {
			t.Errorf("%s: %s has %s", priority, key, found)
		}
	}
}

func TestSchedule_KeepsTheGroupOfItsTask(t *testing.T) {
	t.Parallel()
	s, err := decodeSchedule("s", newSchedule(hourly("s", func(s *zeroq.Schedule) { s.Task.Group = "g" }), schedule{}).encode())
	if err != nil || s.task("q").Group != "g" {
		t.Errorf("the group is %q, %v", s.task("q").Group, err)
	}
}
