package zeroqtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

// again enqueues another task of the unique key "k", and returns whose task refuses it; "" if none.
func again(t *testing.T, q *zeroqtest.Queues, mode zeroq.UniqueMode) string {
	t.Helper()
	task := zeroq.NewTask("again", nil, zeroq.UniqueKey("k", mode))
	switch mode {
	case zeroq.ForTime:
		task.Unique.For = time.Hour
	case zeroq.Debounce:
		task.Delay = time.Hour
	}
	var duplicate *zeroq.DuplicateError
	switch err := q.Enqueue(t.Context(), task); {
	case errors.As(err, &duplicate):
		return duplicate.TaskID
	case err != nil:
		t.Fatal(err)
	}
	return ""
}

func TestUnique_AKeyIsHeldAsLongAsItsModeSays(t *testing.T) {
	t.Parallel()
	for mode, freed := range map[zeroq.UniqueMode]struct{ start, retry, end, cancel bool }{
		zeroq.UntilStarted:  {start: true, retry: true, end: true, cancel: true},
		zeroq.UntilFinished: {end: true, cancel: true},
		zeroq.ForTime:       {cancel: true},
	} {
		for what, free := range map[string]bool{"start": freed.start, "retry": freed.retry, "end": freed.end, "cancel": freed.cancel, "nothing": false} {
			mux := zeroq.NewMux()
			q := zeroqtest.New(t, mux)
			first := zeroq.NewTask("x", nil, zeroq.ID("first"), zeroq.UniqueKey("k", mode))
			if mode == zeroq.ForTime {
				first.Unique.For = time.Hour
			}
			holder := "first"
			mux.HandleFunc("x", func(context.Context, *zeroq.Task) error {
				switch what {
				case "start":
					holder = again(t, q, zeroq.UntilFinished)
					return nil
				case "retry":
					return errFails
				}
				return nil
			})
			mux.HandleFunc("again", answers(nil))
			enqueue(t, q, first)
			switch what {
			case "cancel":
				if _, err := q.Cancel("first"); err != nil {
					t.Fatal(err)
				}
			case "nothing":
			default:
				q.RunReady(t.Context())
			}
			if what != "start" {
				holder = again(t, q, zeroq.UntilFinished)
			}
			if (holder == "") != free {
				t.Errorf("%s, after %s: held by %q", mode, what, holder)
			}
		}
	}
}

func TestUnique_ForATimeEndsByTime(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, nil)
	enqueue(t, q, zeroq.NewTask("x", nil, zeroq.ID("first"), zeroq.UniqueFor("k", time.Minute)))
	q.Advance(time.Minute - time.Millisecond)
	if holder := again(t, q, zeroq.ForTime); holder != "first" {
		t.Errorf("before its time is over it is held by %q", holder)
	}
	q.Advance(time.Millisecond)
	if holder := again(t, q, zeroq.ForTime); holder != "" {
		t.Errorf("after that it is held by %q", holder)
	}
}

func TestUnique_KeysAreThoseOfOneQueue(t *testing.T) {
	t.Parallel()
	q := zeroqtest.New(t, nil)
	enqueue(t, q,
		zeroq.NewTask("x", nil, zeroq.UniqueKey("k", "")), zeroq.NewTask("x", nil, zeroq.UniqueKey("k", ""), zeroq.Queue("other")),
		zeroq.NewTask("x", nil, zeroq.UniqueKey("other", "")))
}

func TestUnique_DebounceTakesThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	var ran []string
	q := zeroqtest.New(t, handle("save", func(_ context.Context, task *zeroq.Task) error {
		ran = append(ran, string(task.Data))
		return nil
	}), zeroqtest.At(start))
	debounced := func(data int) *zeroq.Task {
		return zeroq.NewTask("save", data, zeroq.UniqueKey("k", zeroq.Debounce), zeroq.Delay(time.Minute))
	}
	first, second, third := debounced(1), debounced(2), debounced(3)
	enqueue(t, q, first)
	q.Advance(59 * time.Second)
	enqueue(t, q, second)
	if second.ID != first.ID {
		t.Errorf("the second is %s, the first %s", second.ID, first.ID)
	}
	if info := q.WantState(first.ID, zeroq.Scheduled); info.NextRunAt != start.Add(59*time.Second+time.Minute) {
		t.Errorf("it runs at %v", info.NextRunAt)
	}
	q.Advance(time.Minute) // it is ready, and so may be followed by another
	enqueue(t, q, third)
	if third.ID == first.ID {
		t.Error("the third took the place of one that is ready")
	}
	q.Drain(t.Context())
	if q.WantEnqueued("save", 2); len(ran) != 2 || ran[0] != "2" || ran[1] != "3" {
		t.Errorf("ran %v", ran)
	}
	if holder := again(t, q, zeroq.Debounce); holder != "" {
		t.Errorf("it is held by %q", holder)
	}
	if holder := again(t, q, zeroq.UntilFinished); holder == "" {
		t.Error("another mode takes the place of a debounced one")
	}
}
