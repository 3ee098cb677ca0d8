package zeroqtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

func TestEnqueue_SetsWhatTheQueueDecides(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, nil, zeroqtest.At(start))
	first, second := zeroq.NewTask("x", nil), zeroq.NewTask("x", nil, zeroq.Delay(time.Hour), zeroq.Queue("mail"))
	enqueue(t, q, first, second)
	if first.ID != "default~0~0000000001" || first.Queue != "default" || first.EnqueuedAt != start || first.MaxAttempts != 0 {
		t.Errorf("%+v", first)
	}
	if second.ID != "mail~0~0000000001" || second.Delay != time.Hour || !second.RunAt.IsZero() {
		t.Errorf("%+v", second)
	}
	sent := q.Enqueued("")
	if len(sent) != 2 || sent[0].MaxAttempts != 10 || sent[1].RunAt != start.Add(time.Hour) || sent[1].Delay != time.Hour {
		t.Errorf("%+v", sent)
	}
	if q.Close() != nil {
		t.Error("it cannot be closed")
	}
}

func TestEnqueue_RefusesWhatAProducerRefuses(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, nil)
	enqueue(t, q, zeroq.NewTask("x", nil, zeroq.ID("mine")))
	err := q.Enqueue(t.Context(),
		zeroq.NewTask("x", nil), zeroq.NewTask("no type", nil), zeroq.NewTask("x", nil, zeroq.ID("mine")),
		zeroq.NewTask("x", nil, zeroq.ID("mine"), zeroq.Queue("other")), zeroq.NewTask("x", []byte(nil)),
	)
	var batch *zeroq.BatchError
	if !errors.As(err, &batch) {
		t.Fatal(err)
	}
	for i, want := range []error{nil, zeroq.ErrInvalidTask, zeroq.ErrDuplicateID, nil, nil} {
		if !errors.Is(batch.Errors[i], want) {
			t.Errorf("task %d: %v, want %v", i, batch.Errors[i], want)
		}
	}
	q.WantEnqueued("x", 4)
}

func TestEnqueue_IsRefusedWhileTheTestSaysSo(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, nil)
	q.Refuse(zeroq.ErrUnavailable)
	task := zeroq.NewTask("x", nil)
	if err := q.Enqueue(t.Context(), task); !errors.Is(err, zeroq.ErrUnavailable) || task.ID != "" {
		t.Errorf("%v, id %q", err, task.ID)
	}
	q.Refuse(nil)
	enqueue(t, q, task)
	q.WantEnqueued("x", 1)
}

func TestEnqueue_AnIDIsFreeOnceItsTasksRetentionIsOver(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(nil)))
	mine := func() error {
		return q.Enqueue(t.Context(), zeroq.NewTask("x", nil, zeroq.ID("mine"), zeroq.Retention(time.Minute)))
	}
	if err := mine(); err != nil {
		t.Fatal(err)
	}
	q.Drain(t.Context())
	q.Advance(time.Minute - time.Millisecond)
	if err := mine(); !errors.Is(err, zeroq.ErrDuplicateID) {
		t.Errorf("within its retention: %v", err)
	}
	q.Advance(time.Millisecond)
	if err := mine(); err != nil {
		t.Errorf("after its retention: %v", err)
	}
}

func TestAdvance_MakesTasksReadyWhenTheirTimeHasCome(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(nil)), zeroqtest.At(start))
	task := zeroq.NewTask("x", nil, zeroq.RunAt(start.Add(time.Hour)))
	enqueue(t, q, task)
	for _, step := range []struct {
		by    time.Duration
		state zeroq.State
		ran   int
	}{{0, zeroq.Scheduled, 0}, {time.Hour - 1, zeroq.Scheduled, 0}, {1, zeroq.Ready, 1}} {
		q.Advance(step.by)
		if info := q.WantState(task.ID, step.state); (info.State == zeroq.Scheduled) != (info.NextRunAt == start.Add(time.Hour)) {
			t.Errorf("next run at %v", info.NextRunAt)
		}
		if ran := q.RunReady(t.Context()); ran != step.ran {
			t.Errorf("%d ran, want %d", ran, step.ran)
		}
	}
	info := q.WantState(task.ID, zeroq.Succeeded)
	if info.StartedAt != start.Add(time.Hour) || info.FinishedAt != info.StartedAt || info.Attempt != 1 || info.Worker == "" {
		t.Errorf("%+v", info)
	}
	contains(t, fails(t, func(t zeroqtest.TB) { zeroqtest.New(t, nil).Advance(-1) }), "cannot be moved by -1ns")
}

func TestDrain_RunsRetriesToTheirEnd(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(errFails)), zeroqtest.At(start))
	task := zeroq.NewTask("x", nil, zeroq.MaxAttempts(8))
	enqueue(t, q, task)
	if ran := q.Drain(t.Context()); ran != 8 {
		t.Errorf("%d runs", ran)
	}
	info := q.WantState(task.ID, zeroq.Dead)
	if info.Attempt != 8 || info.Error != "handler failed" || len(info.Errors) != zeroq.MaxErrors || info.Fingerprint == "" {
		t.Errorf("%+v", info)
	}
	if passed := q.Now().Sub(start); passed != (1+2+4+8+16+32+64)*time.Second || info.FinishedAt != q.Now() {
		t.Errorf("it took %v, until %v", passed, info.FinishedAt)
	}
	if last := info.Errors[4]; last.Attempt != 8 || last.Worker == "" || last.At != q.Now() {
		t.Errorf("%+v", last)
	}
}

func TestDrain_APolicyOfTheTypeComesFirst(t *testing.T) {
	t.Parallel()
	hour := zeroq.WithRetry(zeroq.RetryPolicy{Base: time.Hour, Max: time.Hour, Jitter: 1})
	for want, options := range map[time.Duration][]zeroq.RouteOption{time.Hour: {hour}, time.Minute: nil} {
		q := zeroqtest.New(t, handle("x", answers(errFails), options...), zeroqtest.At(start),
			zeroqtest.Retry(zeroq.RetryPolicy{Base: time.Minute, Max: time.Minute}))
		enqueue(t, q, zeroq.NewTask("x", nil, zeroq.MaxAttempts(2)))
		q.Drain(t.Context())
		if passed := q.Now().Sub(start); passed != want {
			t.Errorf("it waited %v, want %v", passed, want)
		}
	}
}

func TestDrain_RunsWhatHandlersEnqueue(t *testing.T) {
	t.Parallel()
	mux := zeroq.NewMux()
	q := zeroqtest.New(t, mux)
	mux.HandleFunc("order", func(ctx context.Context, task *zeroq.Task) error {
		return q.Enqueue(ctx, zeroq.NewTask("email", task.Data), zeroq.NewTask("remind", nil, zeroq.Delay(24*time.Hour)))
	})
	mux.HandleFunc("email", answers(nil))
	mux.HandleFunc("remind", answers(nil))
	enqueue(t, q, zeroq.NewTask("order", 7))
	if ran := q.RunReady(t.Context()); ran != 2 {
		t.Errorf("%d ran at once", ran)
	}
	if ran := q.Drain(t.Context()); ran != 1 {
		t.Errorf("%d ran later", ran)
	}
	q.WantSucceeded()
	if data := zeroqtest.Decode[int](t, q.WantEnqueued("email", 1)[0].Data); data != 7 {
		t.Errorf("data %d", data)
	}
}

func TestDrain_GivesUpOnWhatGoesOnForEver(t *testing.T) {
	t.Parallel()
	text := fails(t, func(tb zeroqtest.TB) {
		q := zeroqtest.New(tb, handle("poll", answers(zeroq.Snooze(time.Second))))
		enqueue(t, q, zeroq.NewTask("poll", nil, zeroq.ID("mine")))
		q.Drain(t.Context())
	})
	contains(t, text, "more than 100000 runs", "poll  mine  retry")
}

func TestDrain_LeavesTasksWithoutAHandler(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("known", answers(nil)), zeroqtest.At(start))
	task := zeroq.NewTask("unknown", nil)
	enqueue(t, q, task, zeroq.NewTask("known", nil, zeroq.Delay(time.Minute)))
	if ran := q.Drain(t.Context()); ran != 1 || q.Now() != start.Add(time.Minute) {
		t.Errorf("%d ran, until %v", ran, q.Now())
	}
	if info := q.WantState(task.ID, zeroq.Retry); info.Attempt != 0 || info.Error != "no handler for this type" || len(info.Errors) != 1 {
		t.Errorf("%+v", info)
	}
	for range 300 {
		q.Advance(5 * time.Minute)
		q.RunReady(t.Context())
	}
	q.WantState(task.ID, zeroq.Dead)
}

func TestRunReady_GoesByPriorityThenByTurn(t *testing.T) {
	t.Parallel()
	var order []string
	q := zeroqtest.New(t, handle("*", func(_ context.Context, task *zeroq.Task) error {
		order = append(order, task.Type)
		return nil
	}))
	enqueue(t, q,
		zeroq.NewTask("low", nil, zeroq.Prioritized(zeroq.Low)), zeroq.NewTask("first", nil),
		zeroq.NewTask("later", nil, zeroq.Delay(2*time.Second)), zeroq.NewTask("sooner", nil, zeroq.Delay(time.Second)),
		zeroq.NewTask("second", nil, zeroq.Prioritized(zeroq.Normal)), zeroq.NewTask("high", nil, zeroq.Prioritized(zeroq.High)))
	q.Advance(time.Minute)
	q.RunReady(t.Context())
	if got := strings.Join(order, " "); got != "high first second sooner later low" {
		t.Errorf("order %s", got)
	}
}

func TestRunReady_MiddlewareAndPanicsAreThoseOfAWorker(t *testing.T) {
	t.Parallel()
	seen := 0
	mux := handle("x", func(context.Context, *zeroq.Task) error { panic("boom") })
	mux.Use(func(next zeroq.Handler) zeroq.Handler {
		return zeroq.HandlerFunc(func(ctx context.Context, task *zeroq.Task) error {
			seen++
			return next.Handle(ctx, task)
		})
	})
	q := zeroqtest.New(t, mux)
	task := zeroq.NewTask("x", nil, zeroq.MaxAttempts(2))
	enqueue(t, q, task)
	q.Drain(t.Context())
	contains(t, q.WantState(task.ID, zeroq.Dead).Error, "panic: boom")
	if seen != 2 {
		t.Errorf("the middleware saw %d runs", seen)
	}
}

func TestRunReady_ResultsAndProgressAreKept(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", func(ctx context.Context, task *zeroq.Task) error {
		if err := errors.Join(zeroq.SetResult(ctx, task.Attempt), zeroq.SetProgress(ctx, task.Attempt)); err != nil || task.Attempt == 2 {
			return err
		}
		return errFails
	}))
	task := zeroq.NewTask("x", nil)
	enqueue(t, q, task)
	q.RunReady(t.Context())
	if info := q.WantState(task.ID, zeroq.Retry); info.Result != nil || string(info.Progress) != "1" {
		t.Errorf("after a failure: %s, %s", info.Result, info.Progress)
	}
	q.Drain(t.Context())
	if info := q.WantState(task.ID, zeroq.Succeeded); string(info.Result) != "2" || string(info.Progress) != "2" || info.Error != "" || len(info.Errors) != 1 {
		t.Errorf("at last: %+v", info)
	}
}

func TestRunReady_BatchesAreGathered(t *testing.T) {
	t.Parallel()
	var sizes []int
	mux := zeroq.NewMux()
	mux.HandleBatch("row", zeroq.Batch{Size: 3}, zeroq.BatchHandlerFunc(func(_ context.Context, tasks []*zeroq.Task) []error {
		sizes = append(sizes, len(tasks))
		errs := make([]error, len(tasks))
		errs[0] = zeroq.Permanent(errFails)
		return errs
	}))
	q := zeroqtest.New(t, mux)
	for range 4 {
		enqueue(t, q, zeroq.NewTask("row", nil))
	}
	enqueue(t, q, zeroq.NewTask("row", nil, zeroq.Queue("other")))
	if ran := q.RunReady(t.Context()); ran != 5 || !slices.Equal(sizes, []int{3, 1, 1}) {
		t.Errorf("%d ran, in batches of %v", ran, sizes)
	}
	if dead := q.Tasks(zeroq.Dead); len(dead) != 3 {
		t.Errorf("%d are dead", len(dead))
	}
}

func TestRunReady_WhenItsContextEndsTheTaskIsHandedBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	q := zeroqtest.New(t, handle("x", func(ctx context.Context, _ *zeroq.Task) error {
		cancel()
		<-ctx.Done()
		return context.Cause(ctx)
	}))
	task := zeroq.NewTask("x", nil)
	enqueue(t, q, task, zeroq.NewTask("x", nil))
	if ran := q.RunReady(ctx); ran != 1 {
		t.Errorf("%d ran", ran)
	}
	if info := q.WantState(task.ID, zeroq.Ready); info.Error != "" {
		t.Errorf("%+v", info)
	}
}

func TestSnooze_UsesNoAttemptAndDoesNotExpire(t *testing.T) {
	t.Parallel()
	runs := 0
	q := zeroqtest.New(t, handle("x", func(_ context.Context, task *zeroq.Task) error {
		if runs++; task.Attempt != 1 {
			t.Errorf("run %d is attempt %d", runs, task.Attempt)
		}
		if runs < 20 {
			return zeroq.Snooze(time.Minute)
		}
		return nil
	}), zeroqtest.At(start))
	task := zeroq.NewTask("x", nil, zeroq.MaxAttempts(1), zeroq.ExpiresAt(start.Add(time.Minute)))
	enqueue(t, q, task)
	q.Drain(t.Context())
	if info := q.WantState(task.ID, zeroq.Succeeded); len(info.Errors) != 0 || runs != 20 || q.Now() != start.Add(19*time.Minute) {
		t.Errorf("%+v after %d runs, %v", info, runs, q.Now())
	}
}

func TestTimes_ExpiryAndDeadlineHold(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(nil)), zeroqtest.At(start))
	expired := zeroq.NewTask("x", nil, zeroq.ExpiresAt(start.Add(time.Minute)))
	late := zeroq.NewTask("x", nil, zeroq.Deadline(start.Add(time.Minute)))
	enqueue(t, q, expired, late)
	q.Advance(time.Minute + time.Millisecond)
	if ran := q.Drain(t.Context()); ran != 0 {
		t.Errorf("%d ran", ran)
	}
	q.WantState(expired.ID, zeroq.Expired)
	contains(t, q.WantState(late.ID, zeroq.Dead).Error, "deadline passed")
}

func TestAdvance_InAHandlerIsTimeThatItTakes(t *testing.T) {
	t.Parallel()
	mux := zeroq.NewMux()
	q := zeroqtest.New(t, mux, zeroqtest.At(start))
	mux.HandleFunc("x", func(ctx context.Context, _ *zeroq.Task) error {
		q.Advance(59 * time.Second)
		if ctx.Err() != nil {
			t.Error("it is out of time too early")
		}
		q.Advance(time.Second)
		return ctx.Err()
	})
	task := zeroq.NewTask("x", nil, zeroq.Timeout(time.Minute), zeroq.MaxAttempts(1))
	enqueue(t, q, task)
	q.Drain(t.Context())
	info := q.WantState(task.ID, zeroq.Dead)
	contains(t, info.Error, "attempt timed out after 1m0s")
	if info.Errors[0].Duration != time.Minute {
		t.Errorf("it ran for %v", info.Errors[0].Duration)
	}
}

func TestAtMostOnce_NothingStartsTwice(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(errFails)), zeroqtest.AtMostOnce("once"))
	once, more := zeroq.NewTask("x", nil, zeroq.Queue("once")), zeroq.NewTask("x", nil)
	enqueue(t, q, once, more)
	q.RunReady(t.Context())
	q.WantState(once.ID, zeroq.Dead)
	q.WantState(more.ID, zeroq.Retry)
}

func TestCancel_OfATaskThatWaitsItNeverStarts(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(nil)))
	ready, scheduled := zeroq.NewTask("x", nil), zeroq.NewTask("x", nil, zeroq.Delay(time.Hour))
	enqueue(t, q, ready, scheduled)
	for _, task := range []*zeroq.Task{ready, scheduled, ready} {
		if state, err := q.Cancel(task.ID); state != zeroq.Cancelled || err != nil {
			t.Errorf("%s, %v", state, err)
		}
	}
	if ran := q.Drain(t.Context()); ran != 0 {
		t.Errorf("%d ran", ran)
	}
	done := zeroq.NewTask("x", nil)
	enqueue(t, q, done)
	q.Drain(t.Context())
	var wrong *zeroq.StateError
	if _, err := q.Cancel(done.ID); !errors.As(err, &wrong) || wrong.State != zeroq.Succeeded {
		t.Errorf("of a finished one: %v", err)
	}
	if _, err := q.Cancel("none"); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
}

func TestCancel_OfATaskThatRunsItsHandlerDecides(t *testing.T) {
	t.Parallel()
	for want, answer := range map[zeroq.State]error{zeroq.Succeeded: nil, zeroq.Cancelled: errFails} {
		mux := zeroq.NewMux()
		q := zeroqtest.New(t, mux)
		mux.HandleFunc("x", func(ctx context.Context, task *zeroq.Task) error {
			state, err := q.Cancel(task.ID)
			if state != zeroq.Leased || err != nil || !q.Task(task.ID).CancelRequested {
				t.Errorf("%s, %v", state, err)
			}
			if cause := context.Cause(ctx); !errors.Is(cause, zeroq.ErrCancelled) {
				t.Errorf("cause %v", cause)
			}
			return answer
		})
		task := zeroq.NewTask("x", nil)
		enqueue(t, q, task)
		q.Drain(t.Context())
		if info := q.WantState(task.ID, want); info.CancelRequested || info.Error != "" {
			t.Errorf("%+v", info)
		}
	}
}

func TestCancel_OfOneTaskOfABatchLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	mux := zeroq.NewMux()
	q := zeroqtest.New(t, mux)
	mux.HandleBatch("row", zeroq.Batch{Size: 2}, zeroq.BatchHandlerFunc(func(ctx context.Context, tasks []*zeroq.Task) []error {
		_, err := q.Cancel(tasks[0].ID)
		if err != nil || ctx.Err() != nil {
			t.Errorf("%v, context %v", err, ctx.Err())
		}
		return []error{errFails, errFails}
	}))
	one, two := zeroq.NewTask("row", nil), zeroq.NewTask("row", nil)
	enqueue(t, q, one, two)
	q.RunReady(t.Context())
	q.WantState(one.ID, zeroq.Cancelled)
	q.WantState(two.ID, zeroq.Retry)
}

func TestInBubble_TheClockIsThatOfTheBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mux := zeroq.NewMux()
		q := zeroqtest.New(t, mux, zeroqtest.InBubble())
		mux.HandleFunc("x", func(ctx context.Context, task *zeroq.Task) error {
			if task.Attempt == 1 {
				<-ctx.Done() // its timeout
				return ctx.Err()
			}
			return q.Enqueue(ctx, zeroq.NewTask("y", nil, zeroq.RunAt(time.Now().Add(time.Hour))))
		})
		mux.HandleFunc("y", answers(nil))
		enqueue(t, q, zeroq.NewTask("x", nil, zeroq.Timeout(time.Minute)))
		q.Drain(t.Context())
		q.WantSucceeded()
		if passed := time.Since(began); passed != time.Hour+time.Minute+time.Second || !q.Now().Equal(time.Now()) {
			t.Errorf("%v passed, it is %v", passed, q.Now())
		}
	})
}

func TestQueues_AreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, handle("x", answers(nil)))
	var producers sync.WaitGroup
	for range 8 {
		producers.Go(func() {
			for range 50 {
				task := zeroq.NewTask("x", nil)
				if err := q.Enqueue(context.Background(), task); err != nil {
					t.Error(err)
				}
				q.Task(task.ID)
			}
		})
	}
	q.RunReady(t.Context())
	producers.Wait()
	q.Drain(t.Context())
	q.WantEnqueued("x", 400)
	q.WantSucceeded()
}

func TestWants_FailWithWhatIsThere(t *testing.T) {
	t.Parallel()
	prepare := func(tb zeroqtest.TB) *zeroqtest.Queues {
		q := zeroqtest.New(tb, handle("fails", answers(errors.New("first line\nsecond line"))), zeroqtest.At(start))
		enqueue(t, q, zeroq.NewTask("fails", "a", zeroq.ID("one")), zeroq.NewTask("other", strings.Repeat("x", 100), zeroq.ID("two")))
		return q
	}
	for name, tt := range map[string]struct {
		do    func(q *zeroqtest.Queues)
		parts []string
	}{
		"a number":    {func(q *zeroqtest.Queues) { q.WantEnqueued("emial", 1) }, []string{`0 tasks of type "emial" were enqueued, want 1`, "fails  one  ready  attempt 0 of 10", `xxxx…`}},
		"a state":     {func(q *zeroqtest.Queues) { q.RunReady(t.Context()); q.WantState("one", zeroq.Succeeded) }, []string{"task one is retry, want succeeded", "attempt 1: first line", "runs at 12:00:01.000"}},
		"an id":       {func(q *zeroqtest.Queues) { q.Task("three") }, []string{`no task "three"`, "other  two"}},
		"all is well": {func(q *zeroqtest.Queues) { q.Drain(t.Context()); q.WantSucceeded() }, []string{"2 tasks have not succeeded", "dead", "first line…", "no handler for this type"}},
	} {
		t.Run(name, func(t *testing.T) { contains(t, fails(t, func(tb zeroqtest.TB) { tt.do(prepare(tb)) }), tt.parts...) })
	}
	many := fails(t, func(tb zeroqtest.TB) {
		q := zeroqtest.New(tb, nil)
		for range 23 {
			enqueue(t, q, zeroq.NewTask("many", nil))
		}
		q.WantSucceeded()
	})
	contains(t, many, "23 tasks have not succeeded", "and 3 more: 3 many")
}
