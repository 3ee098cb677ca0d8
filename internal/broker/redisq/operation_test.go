package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/fingerprint"
)

// die makes n dead letters of tasks with the options, whose errors are as text says, and returns them.
func (r *rig) die(n int, text string, options ...zeroq.Option) []*zeroq.Task {
	r.Helper()
	r.put(newTasks(n, options...)...)
	var tasks []*zeroq.Task
	m := r.joinFor("killer", broker.AtLeastOnce, time.Minute)
	for left := n; left > 0; left -= maxBatch {
		var outcomes []broker.Outcome
		for _, d := range r.fetch(m, min(left, maxBatch)) {
			o := outcome(m, d, zeroq.Dead)
			o.Failure.Message = text
			outcomes, tasks = append(outcomes, o), append(tasks, d.Task)
		}
		r.settle(m, outcomes...)
	}
	return tasks
}

func (r *rig) begin(verb zeroq.Verb, selection zeroq.Selection, rate float64) zeroq.Operation {
	r.Helper()
	op, err := r.Begin(r.Context(), zeroq.Operation{Queue: "q", Verb: verb, Selection: selection, Rate: rate})
	r.must(err)
	return op
}

// work goes on with operations until there is none.
func (r *rig) work() {
	r.Helper()
	for {
		worked, err := r.Work(r.Context())
		r.must(err)
		if !worked {
			return
		}
	}
}

func (r *rig) operation(id string) zeroq.Operation {
	r.Helper()
	op, err := r.Operation(r.Context(), id)
	r.must(err)
	return op
}

func (r *rig) done(op zeroq.Operation, done, failed int64) zeroq.Operation {
	r.Helper()
	got := r.operation(op.ID)
	if got.Status != zeroq.OperationDone || got.Done != done || got.Failed != failed || got.FinishedAt.IsZero() {
		r.Errorf("the operation is %+v, want %d done and %d failed", got, done, failed)
	}
	return got
}

func TestOperation_PurgeOfReadyLeavesWhatCameLater(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(600)...)
	mine := newTask(zeroq.ID("mine"), zeroq.UniqueKey("k", zeroq.UntilFinished))
	r.put(mine)
	r.must(r.client.Set(t.Context(), r.keys.unique+lockOf(mine.Unique)[1:], "fmine", 0).Err())
	r.push(`{"type":"bare"}`, `{"id":"other~0~0000000000","enqueued_at":"2026-01-01T00:00:00.000Z","type":"forged"}`)
	high := newTask()
	r.put(high) // by hand on the list of high priority, withdrawn
	r.must(r.client.LMove(t.Context(), r.keys.ready, r.keys.high, "LEFT", "LEFT").Err())
	r.must(r.client.SAdd(t.Context(), r.keys.withdrawn, high.ID).Err())
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready}, 0)
	if op.Matched != 603 || op.Status != zeroq.OperationRunning {
		t.Errorf("began %+v", op)
	}
	r.until("a millisecond passes", func() bool { return r.Now().After(op.CreatedAt.Add(2 * time.Millisecond)) })
	later := newTasks(3)
	r.put(later...)
	m := r.join("w") // hands one back to the end where purging begins
	r.must(r.client.LMove(t.Context(), r.keys.ready, r.keys.ready, "LEFT", "RIGHT").Err())
	r.work()
	r.done(op, 603, 0)
	got := r.fetch(m, 3)
	for _, d := range got {
		if !slices.ContainsFunc(later, func(l *zeroq.Task) bool { return l.ID == d.Task.ID }) {
			t.Errorf("%s is left", d.Task.ID)
		}
	}
	for _, key := range []string{r.keys.place("mine").key, r.keys.withdrawn, r.keys.high, r.keys.unique + lockOf(mine.Unique)[1:], r.keys.prefix + "r:1"} {
		if r.client.Exists(t.Context(), key).Val() == 1 {
			t.Errorf("%s is left", key)
		}
	}
	if n := r.client.HGet(t.Context(), r.keys.counters, "deleted").Val(); n != "603" {
		t.Errorf("%s are counted", n)
	}
	if n := r.client.ZCard(t.Context(), keyOperations).Val(); n != 0 {
		t.Errorf("%d operations are listed still", n)
	}
	if ttl := r.client.TTL(t.Context(), operationKey(op.ID)).Val(); ttl < 23*time.Hour || ttl > 24*time.Hour {
		t.Errorf("kept for %v", ttl)
	}
}

// A task that was called off while it lay on a list is cancelled, not ready: its bytes are kept.
func TestOperation_PurgeOfReadyParksWhatWasCalledOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	task := newTask()
	r.put(task, newTask())
	r.must(r.client.SAdd(t.Context(), r.keys.withdrawn, task.ID).Err())
	forever := float64(time.Now().Add(time.Hour).UnixMilli())
	r.must(r.client.ZAdd(t.Context(), r.keys.cancelled, zOf(forever, task.ID)).Err())
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready}, 0)
	r.work()
	r.done(op, 1, 0)
	if raw := r.client.HGet(t.Context(), r.keys.parked, task.ID).Val(); idOf(raw) != task.ID {
		t.Errorf("parked is %q", raw)
	}
	if record := readRecord(t.Context(), r.client, r.keys.place(task.ID)).Val(); record == "" {
		t.Error("its record is gone")
	}
}

func TestOperation_PurgeOfEveryStateLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.joinFor("w", broker.AtLeastOnce, time.Minute)
	r.put(newTask(zeroq.Delay(time.Hour)), newTask(zeroq.ID("later"), zeroq.Delay(time.Hour)))
	r.put(newTasks(9)...)
	r.put(newTask(zeroq.ID("chosen")), newTask(zeroq.Retention(time.Minute)))
	for i, d := range r.fetch(m, 11) {
		r.settle(m, outcome(m, d, []zeroq.State{zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Succeeded}[min(i%4, 3)]))
	}
	for state, want := range map[zeroq.State]int64{
		zeroq.Scheduled: 2, zeroq.Retry: 3, zeroq.Dead: 3, zeroq.Expired: 3, zeroq.Succeeded: 2, zeroq.Cancelled: 0,
	} {
		matched, err := r.Matched(t.Context(), "q", zeroq.Selection{State: state})
		r.must(err)
		op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: state}, 0)
		r.work()
		r.done(op, want, 0)
		if n := r.count(state); n != 0 || matched != want || op.Matched != want {
			t.Errorf("%s: %d are left of %d", state, n, matched)
		}
		r.must(r.client.Del(t.Context(), operationKey(op.ID)).Err())
	}
	r.must(m.Leave(t.Context()))
	r.must(r.client.Del(t.Context(), r.keys.finished).Err())
	for key := range r.dump() {
		if !slices.Contains([]string{keyQueues, r.keys.version, r.keys.sequence, r.keys.counters, r.keys.gate}, key) {
			t.Errorf("%s is left", key)
		}
	}
}

func TestOperation_OfOneFingerprint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(300, "cannot reach 10.0.0.7")
	kept := r.die(2, "no such user")
	op := r.begin(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead, Fingerprint: fingerprint.Of("cannot reach 10.0.0.8")}, 0)
	r.work()
	r.done(op, 300, 0)
	if ready, dead := r.count(zeroq.Ready), r.count(zeroq.Dead); op.Matched != 300 || ready != 300 || dead != 2 {
		t.Errorf("%d matched, %d ready, %d dead", op.Matched, ready, dead)
	}
	groups, err := r.DeadGroups(t.Context(), "q")
	r.must(err)
	if len(groups) != 1 || groups[0].Count != 2 || groups[0].Sample != "no such user" {
		t.Errorf("groups %+v", groups)
	}
	op = r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead, Fingerprint: groups[0].Fingerprint}, 0)
	r.work()
	r.done(op, 2, 0)
	if _, err := r.Task(t.Context(), kept[0].ID, ""); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if n := r.client.Exists(t.Context(), r.keys.errors, r.keys.deadOf+groups[0].Fingerprint, r.keys.parked, r.keys.dead).Val(); n != 0 {
		t.Errorf("%d keys of dead letters are left", n)
	}
}

// One group too many is in that of the others.
func TestOperation_OfTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(1, "frequent")
	var many []any
	for i := range 999 {
		many = append(many, fmt.Sprintf("%012d", i), "boom")
	}
	r.must(r.client.HSet(t.Context(), r.keys.errors, many...).Err())
	r.die(2, "rare")
	r.die(1, "frequent") // it has its group already
	for i := range 999 {
		r.must(r.client.HDel(t.Context(), r.keys.errors, many[2*i].(string)).Err())
	}
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead, Fingerprint: "other"}, 0)
	r.work()
	r.done(op, 2, 0)
	groups, err := r.DeadGroups(t.Context(), "q")
	r.must(err)
	if len(groups) != 1 || groups[0].Sample != "frequent" || groups[0].Count != 2 {
		t.Errorf("groups %+v", groups)
	}
}

func TestOperation_RetryMakesTasksThatCanRun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	past := time.Now().Add(time.Second).UTC().Truncate(time.Millisecond)
	tasks := r.die(1, "boom", zeroq.MaxAttempts(1), zeroq.Deadline(past), zeroq.ID("mine"))
	r.until("the deadline passes", func() bool { return r.Now().After(past.Add(20 * time.Millisecond)) })
	m := r.join("w")
	r.push(`not JSON`)
	r.settle(m, broker.Outcome{Delivery: r.fetch(m, 1)[0], State: zeroq.Dead, FinishedAt: m.Now()})
	op := r.begin(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead}, 0)
	r.work()
	if got := r.done(op, 1, 1); !strings.Contains(got.Error, zeroq.ErrUnreadable.Error()) {
		t.Errorf("failed for %q", got.Error)
	}
	d := r.fetch(m, 1)[0]
	r.must(d.Err)
	if d.Task.ID != tasks[0].ID || d.Task.Attempt != 2 || d.Task.MaxAttempts != 2 || !d.Task.Deadline.IsZero() ||
		len(d.Task.Errors) != 1 || string(d.Task.Data) != `{"n":1}` {
		t.Errorf("it runs again as %+v", d.Task)
	}
	if n := r.client.HGet(t.Context(), r.keys.counters, "revived").Val(); n != "1" || r.count(zeroq.Dead) != 1 {
		t.Errorf("%s revived", n)
	}
	r.settle(m, outcome(m, d, zeroq.Succeeded))
}

func TestOperation_RetryTakesTheUniqueKeyOrFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	unique := zeroq.UniqueKey("k", zeroq.UntilFinished)
	lock := r.keys.unique + lockOf(&zeroq.Unique{Key: "k", Mode: zeroq.UntilFinished})[1:]
	dead := r.die(1, "boom", unique)[0]
	alive := newTask()
	r.put(alive)
	all := zeroq.Selection{State: zeroq.Dead}
	r.must(r.client.Set(t.Context(), lock, "f"+alive.ID, 0).Err())
	op := r.begin(zeroq.VerbRetry, all, 0)
	r.work()
	if got := r.done(op, 0, 1); !strings.Contains(got.Error, alive.ID) {
		t.Errorf("failed for %q", got.Error)
	}
	r.must(r.client.Set(t.Context(), lock, "fgone", 0).Err())
	op = r.begin(zeroq.VerbRetry, all, 0)
	r.work()
	r.done(op, 1, 0)
	if owner := r.client.Get(t.Context(), lock).Val(); owner != "f"+dead.ID {
		t.Errorf("%s has the key", owner)
	}
}

func TestOperation_OfIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dead := r.die(5, "boom")
	ready := newTask()
	r.put(ready)
	ids := []string{dead[0].ID, dead[1].ID, ready.ID, "nobody", dead[0].ID}
	selection := zeroq.Selection{State: zeroq.Dead, IDs: ids}
	op := r.begin(zeroq.VerbRetry, selection, 0)
	r.work()
	r.done(op, 2, 2)
	selection.IDs = []string{dead[1].ID, dead[2].ID}
	op = r.begin(zeroq.VerbDelete, selection, 1000)
	r.work()
	if got := r.done(op, 1, 1); got.Matched != 1 || got.Error != "the task is not dead" || !slices.Equal(got.Selection.IDs, selection.IDs) {
		t.Errorf("the operation is %+v", got)
	}
	if n := r.count(zeroq.Dead); n != 2 {
		t.Errorf("%d dead are left", n)
	}
}

// What no index finds by its id is deleted one by one.
func TestOperation_OfIDsOfReadyTasks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tasks := newTasks(40)
	r.put(tasks...)
	ids := []string{"nobody"}
	for _, task := range tasks {
		ids = append(ids, task.ID)
	}
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready, IDs: ids}, 0)
	var deleted []string
	o := r.newOperator()
	o.forget = func(_ context.Context, id, queue string) error {
		deleted = append(deleted, id)
		return nil
	}
	worked, err := o.work(t.Context())
	r.must(err)
	if !worked || len(deleted) != 40 || op.Matched != 40 {
		t.Errorf("deleted %d of %d", len(deleted), op.Matched)
	}
	r.done(op, 40, 1)
}

func TestOperation_IsGoneOnWithWhenItsWorkerDies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 1000
	r.die(n, "boom")
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead}, 0)
	first := r.newOperator()
	p, mine, err := first.adopt(t.Context(), op.ID, operationLease)
	r.must(err)
	p.step++
	_, err = first.step(t.Context(), p)
	r.must(err)
	if worked, err := r.another().Work(t.Context()); worked || err != nil || !mine {
		t.Errorf("two at once: %v, %v", worked, err)
	}
	// It dies here; its lease ends.
	_, _, err = first.adopt(t.Context(), op.ID, 0)
	r.must(err)
	r.another().work()
	r.done(op, n, 0)
	if dead := r.count(zeroq.Dead); dead != 0 {
		t.Errorf("%d are left", dead)
	}
	// What the first one still does is refused.
	p.step++
	if answer, err := first.step(t.Context(), p); err != nil || answer.status != statusFenced {
		t.Errorf("answered %v, %v", answer, err)
	}
}

func TestOperation_IsLetGoOfWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 1000
	r.die(n, "boom")
	op := r.begin(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead}, 500)
	ctx, cancel := context.WithCancel(t.Context())
	o := r.newOperator()
	pauses := 0
	o.pause = func(context.Context, time.Duration) {
		if pauses++; pauses == 2 {
			cancel()
		}
	}
	worked, err := o.work(ctx)
	r.must(err)
	half := r.operation(op.ID)
	if !worked || half.Status != zeroq.OperationRunning || half.Done != 500 {
		t.Errorf("stopped at %+v", half)
	}
	other := r.another().newOperator()
	other.pause = func(context.Context, time.Duration) {}
	worked, err = other.work(t.Context())
	r.must(err)
	if !worked {
		t.Error("nobody goes on")
	}
	r.done(op, n, 0)
	if ready := r.count(zeroq.Ready); ready != n {
		t.Errorf("%d are ready", ready)
	}
}

func TestOperation_KeepsItsRate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(1000)...)
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready}, 100)
	o := r.newOperator()
	waited, last := time.Duration(0), int64(0)
	o.pause = func(_ context.Context, d time.Duration) {
		now := r.operation(op.ID).Done
		if now-last > 50 {
			t.Errorf("%d at once, of 100 a second", now-last)
		}
		waited, last = waited+d, now
	}
	_, err := o.work(t.Context())
	r.must(err)
	r.done(op, 1000, 0)
	if waited < 10*time.Second || waited > 11*time.Second {
		t.Errorf("waited %v for 1,000 tasks", waited)
	}
}

// A pause is longer than a lease at a low rate: the operation stays its worker's.
func TestOperation_IsKeptThroughALongPause(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(2, "boom")
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead}, 0.01)
	o := r.newOperator()
	pauses := 0
	o.pause = func(_ context.Context, d time.Duration) {
		pauses++
		if d > operationLease/2 {
			t.Errorf("away for %v", d)
		}
		o.noted = o.noted.Add(-d) // as if it had passed
	}
	_, err := o.work(t.Context())
	r.must(err)
	r.done(op, 2, 0)
	if pauses < 20 {
		t.Errorf("%d pauses", pauses)
	}
}

func TestOperation_AbortEndsItWhereItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(100, "boom")
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead}, 20)
	o := r.newOperator()
	pauses := 0
	o.pause = func(context.Context, time.Duration) {
		if pauses++; pauses == 3 {
			r.must(r.Abort(t.Context(), op.ID))
		}
	}
	_, err := o.work(t.Context())
	r.must(err)
	got := r.operation(op.ID)
	if got.Status != zeroq.OperationCancelled || got.Done != 30 || r.count(zeroq.Dead) != 70 || got.FinishedAt.IsZero() {
		t.Errorf("it is %+v", got)
	}
	r.must(r.Abort(t.Context(), op.ID))
	if worked, err := r.Work(t.Context()); worked || err != nil {
		t.Errorf("goes on: %v, %v", worked, err)
	}
	for _, id := range []string{"op~q~aaaaaaaaaa", "op~q", "x", "op~q~aaaaaaaaaa~b", "op~Q~aaaaaaaaaa", ""} {
		_, err := r.Operation(t.Context(), id)
		if aborting := r.Abort(t.Context(), id); !errors.Is(err, zeroq.ErrNotFound) || !errors.Is(aborting, zeroq.ErrNotFound) {
			t.Errorf("%q: %v, %v", id, err, aborting)
		}
	}
}

// What is listed and is no operation any more holds up no other.
func TestOperation_ListForgetsWhatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(1, "boom")
	for _, id := range []string{"op~q~aaaaaaaaaa", "nonsense"} {
		r.must(r.client.ZAdd(t.Context(), keyOperations, zOf(0, id)).Err())
	}
	op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead}, 0)
	r.work()
	r.done(op, 1, 0)
	if n := r.client.Exists(t.Context(), keyOperations).Val(); n != 0 {
		t.Error("something is listed still")
	}
}

// One that cannot be read is told of, and the next one is gone on with.
func TestOperation_ThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(1, "boom")
	all := zeroq.Selection{State: zeroq.Dead}
	broken, op := r.begin(zeroq.VerbDelete, all, 0), r.begin(zeroq.VerbDelete, all, 0)
	r.must(r.client.HSet(t.Context(), operationKey(broken.ID), "ids", "no list").Err())
	r.must(r.client.ZAdd(t.Context(), keyOperations, zOf(0, broken.ID)).Err()) // the first to be looked at
	worked, err := r.Work(t.Context())
	if !worked || err == nil || !strings.Contains(err.Error(), broken.ID) {
		t.Errorf("worked %v, %v", worked, err)
	}
	r.done(op, 1, 0)
}

func TestBegin_RefusesWhatHasNoMeaning(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	ids := make([]string, maxIDs+1)
	for field, op := range map[string]zeroq.Operation{
		"state":       {Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Leased}},
		"state ":      {Verb: zeroq.VerbRetry, Selection: zeroq.Selection{State: zeroq.Succeeded}},
		"state  ":     {Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: "x"}},
		"verb":        {Verb: "x", Selection: zeroq.Selection{State: zeroq.Dead}},
		"ids":         {Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Dead, IDs: ids}},
		"fingerprint": {Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Ready, Fingerprint: "x"}},
		"rate":        {Verb: zeroq.VerbDelete, Rate: -1, Selection: zeroq.Selection{State: zeroq.Dead}},
	} {
		op.Queue = "q"
		_, err := r.Begin(t.Context(), op)
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	never := zeroq.Operation{Queue: "never", Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Dead}}
	if _, err := r.Begin(t.Context(), never); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("a queue that never was: %v", err)
	}
}

func TestReplay_StepsOfOperationsAreDoneOnce(t *testing.T) {
	t.Parallel()
	for script, prepare := range map[string]func(*rig) (zeroq.Verb, zeroq.Selection){
		"purge_list": func(r *rig) (zeroq.Verb, zeroq.Selection) {
			r.put(newTasks(5)...)
			return zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready}
		},
		"purge_index": func(r *rig) (zeroq.Verb, zeroq.Selection) {
			r.die(5, "boom")
			return zeroq.VerbDelete, zeroq.Selection{State: zeroq.Dead}
		},
		"revive_index": func(r *rig) (zeroq.Verb, zeroq.Selection) {
			r.die(5, "boom")
			return zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead}
		},
		"purge_finished": func(r *rig) (zeroq.Verb, zeroq.Selection) {
			r.put(newTasks(5)...)
			m := r.join("w")
			for _, d := range r.fetch(m, 5) {
				r.settle(m, outcome(m, d, zeroq.Succeeded))
			}
			return zeroq.VerbDelete, zeroq.Selection{State: zeroq.Succeeded}
		},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			verb, selection := prepare(r)
			op := r.begin(verb, selection, 4)
			s := attach(r.Broker, nil)
			o := r.newOperator()
			ctx, cancel := context.WithCancel(t.Context())
			o.pause = func(context.Context, time.Duration) {
				if s.last[script] == nil {
					return // another stage
				}
				r.unchanged("sent again", func() {
					if answer := r.resend(s, script); answer[0] != statusOK {
						t.Errorf("answered %v", answer)
					}
				})
				cancel()
			}
			_, err := o.work(ctx)
			r.must(err)
			r.unchanged("a straggler", func() {
				_, _, err := r.newOperator().adopt(t.Context(), op.ID, time.Minute)
				r.must(err)
				if answer := r.resend(s, script); answer[0] != statusFenced {
					t.Errorf("answered %v", answer)
				}
			}, "op")
		})
	}
}

func TestFullMemory_OperationsFree(t *testing.T) {
	t.Parallel()
	for _, state := range []zeroq.State{zeroq.Ready, zeroq.Dead, zeroq.Succeeded} {
		r := newFullRig(t, func(r *rig) {
			r.die(300, "boom")
			r.put(newTasks(600)...)
			m := r.join("w")
			var outcomes []broker.Outcome
			for _, d := range r.fetch(m, 300) {
				outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
			}
			r.settle(m, outcomes...)
		})
		op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: state}, 0)
		r.work()
		r.done(op, 300, 0)
	}
	r := newFullRig(t, func(r *rig) { r.die(300, "boom") })
	op := r.begin(zeroq.VerbRetry, zeroq.Selection{State: zeroq.Dead}, 0)
	r.work()
	r.done(op, 300, 0)
}

func TestScripts_KeyOfAnotherTypeStopsAnOperation(t *testing.T) {
	t.Parallel()
	for what, step := range map[string]struct {
		verb  zeroq.Verb
		state zeroq.State
		keys  func(queueKeys) []string
	}{
		"purge of ready": {zeroq.VerbDelete, zeroq.Ready, func(k queueKeys) []string { return []string{k.counters, k.parked, k.crashes} }},
		"purge of dead":  {zeroq.VerbDelete, zeroq.Dead, func(k queueKeys) []string { return []string{k.counters, k.waiters} }},
		"retry of dead":  {zeroq.VerbRetry, zeroq.Dead, func(k queueKeys) []string { return []string{k.ready, k.high, k.counters} }},
	} {
		for _, key := range step.keys(keysOf("q")) {
			t.Run(fmt.Sprintf("%s %s", what, key), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.die(2, "boom")
				r.put(newTasks(2)...)
				op := r.begin(step.verb, zeroq.Selection{State: step.state}, 0)
				wrongTypeLosesNothing(r, func() error { _, err := r.Work(t.Context()); return err }, key)
				r.done(op, 2, 0)
			})
		}
	}
}

func TestSweep_CountsDeadLettersAndClearsTheirGroups(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(3, "old")
	r.die(2, "new")
	swept, err := r.Sweep(t.Context(), "q", broker.Keep{Finished: 10, Dead: 2, DeadFor: time.Hour})
	r.must(err)
	groups, err := r.DeadGroups(t.Context(), "q")
	r.must(err)
	if swept.Dead != 3 || len(groups) != 1 || groups[0].Sample != "new" || groups[0].Count != 2 {
		t.Errorf("swept %+v, groups %+v", swept, groups)
	}
	if n := r.client.HGet(t.Context(), r.keys.counters, "evicted").Val(); n != "3" {
		t.Errorf("%s are counted", n)
	}
	if n := r.client.Exists(t.Context(), r.keys.deadOf+fingerprint.Of("old")).Val(); n != 0 {
		t.Error("the emptied group is there")
	}
}
