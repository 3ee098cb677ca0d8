package admission

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// What the broker refuses stays as it was; what it takes has what the broker decided.
func TestGate_ChangesWhatIsTaken(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	gate := Gate{Checked: true, Put: func(_ context.Context, tasks []*zeroq.Task) []error {
		errs := make([]error, len(tasks))
		for i, task := range tasks {
			if task.MaxAttempts != zeroq.DefaultMaxAttempts || task.Queue != zeroq.DefaultQueue {
				t.Errorf("task %d has no defaults: %+v", i, task)
			}
			task.ID, task.EnqueuedAt = "default~0~0000000001", at
			if task.Type == "bad" {
				errs[i] = zeroq.ErrDraining
			}
		}
		return errs
	}}
	good, bad := zeroq.NewTask("good", nil), zeroq.NewTask("bad", nil)
	err := gate.Enqueue(t.Context(), at, good, bad)
	var batch *zeroq.BatchError
	if !errors.As(err, &batch) || len(batch.Errors) != 2 || batch.Errors[0] != nil || !errors.Is(batch.Errors[1], zeroq.ErrDraining) {
		t.Errorf("got %v", err)
	}
	if good.ID == "" || good.Queue != zeroq.DefaultQueue || !good.EnqueuedAt.Equal(at) || good.MaxAttempts != 0 {
		t.Errorf("got %+v", good)
	}
	if bad.ID != "" || bad.Queue != "" || !bad.EnqueuedAt.IsZero() {
		t.Errorf("a refused task is %+v", bad)
	}
	if err := gate.Enqueue(t.Context(), at, good); err != nil {
		t.Error(err)
	}
	if err := gate.Enqueue(t.Context(), at, bad); !errors.Is(err, zeroq.ErrDraining) || errors.As(err, &batch) {
		t.Errorf("got %v", err)
	}
}
