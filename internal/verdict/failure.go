package verdict

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func (r Rules) dead(o broker.Outcome, err error, took time.Duration) broker.Outcome {
	o.State = zeroq.Dead
	o.Failure = r.failure(o, err, took)
	return o
}

func (r Rules) failure(o broker.Outcome, err error, took time.Duration) *zeroq.AttemptError {
	failure := &zeroq.AttemptError{At: o.FinishedAt, Worker: r.Worker, Duration: took, Message: cut(err.Error())}
	if t := o.Delivery.Task; t != nil {
		failure.Attempt = t.Attempt
	}
	return failure
}

// unreadable is why no task could be made of the foreign message that t stands for.
func unreadable(t *zeroq.Task) error {
	if reason := t.Headers[broker.ReasonHeader]; reason != "" {
		return errors.New(reason)
	}
	return zeroq.ErrUnreadable
}

// readable returns err, or the panic of reading it, as that of a nil pointer which was returned as
// an error.
func readable(err error) (result error) {
	defer func() {
		if value := recover(); value != nil {
			result = &zeroq.PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	_ = err.Error()
	_ = zeroq.IsPermanent(err)
	_, _ = zeroq.RetryDelay(err)
	_, _ = zeroq.SnoozeDelay(err)
	return err
}

// explain puts why the context ended before the handler's error, which is often no more than
// "context deadline exceeded".
func explain(cause, err error) error {
	if errors.Is(err, cause) {
		return err // the handler says so itself
	}
	if errors.Is(cause, zeroq.ErrTimeout) || errors.Is(cause, zeroq.ErrDeadline) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// cut bounds an error's text, which may be anything, to valid UTF-8 of a length that can be kept.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) > zeroq.MaxErrorBytes {
		text = strings.ToValidUTF8(text[:zeroq.MaxErrorBytes-len("…")], "") + "…"
	}
	return text
}
