package session

import (
	"context"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/zeroq-dev/zeroq"
)

// redraw is how long a bar stays as it is at least.
const redraw = 100 * time.Millisecond

// Bar shows progress while a command runs, if somebody is there to see it.
type Bar struct{ bar *progressbar.ProgressBar }

// Bar returns a bar on stderr. most is -1 if it is not known; bytes says what is counted.
func (s *Session) Bar(what string, most int64, bytes bool) *Bar {
	if !isTerminal(s.Err) {
		return &Bar{}
	}
	bar := progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(s.Err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(redraw),
		progressbar.OptionClearOnFinish(),
	)
	_ = bar.RenderBlank() // it is only shown
	return &Bar{bar}
}

// Set moves the bar to n.
func (b *Bar) Set(n int64) {
	if b.bar != nil {
		_ = b.bar.Set64(n) // it is only shown
	}
}

// Add moves the bar on by n.
func (b *Bar) Add(n int) {
	if b.bar != nil {
		_ = b.bar.Add(n) // it is only shown
	}
}

// Close takes the bar away.
func (b *Bar) Close() {
	if b.bar != nil {
		_ = b.bar.Clear() // it is only shown
	}
}

// doing and done are words for what operations do.
var (
	doing = map[zeroq.Verb]string{zeroq.VerbDelete: "deleting", zeroq.VerbRetry: "retrying"}
	done  = map[zeroq.Verb]string{zeroq.VerbDelete: "deleted", zeroq.VerbRetry: "retried"}
)

// Follow waits for an operation, shows how far it is, and writes what came of it. The operation goes on
// when the command is interrupted.
func (s *Session) Follow(ctx context.Context, operation zeroq.Operation) error {
	bar := s.Bar(doing[operation.Verb], max(operation.Matched, 1), false)
	over, err := s.API.WaitOperation(ctx, operation.ID, func(o zeroq.Operation) { bar.Set(o.Done + o.Failed) })
	bar.Close()
	if err != nil && ctx.Err() != nil {
		return &Exit{Code: CodeFailed, Err: fmt.Errorf(
			"the operation goes on without this command: zeroq operation %s --wait, or --abort", operation.ID)}
	}
	if err != nil {
		return err
	}
	if err := s.WriteLast(func() { s.Operation(over) }); err != nil {
		return err
	}
	if over.Status != zeroq.OperationDone || over.Failed > 0 {
		return Failed
	}
	return nil
}

// Operation writes an operation in one line.
func (s *Session) Operation(o zeroq.Operation) {
	line := fmt.Sprintf("%s %d of %d tasks of %s", done[o.Verb], o.Done, o.Matched, o.Queue)
	if o.Failed > 0 {
		line += fmt.Sprintf(", %d could not be: %s", o.Failed, firstLine(Plain(o.Error)))
	}
	switch o.Status {
	case zeroq.OperationRunning:
		line += ", and goes on: " + o.ID
	case zeroq.OperationCancelled:
		line += ", and was aborted"
	}
	fmt.Fprintln(s.Out, line)
}

// FollowUnless is Follow, or writes the operation as it is now.
func (s *Session) FollowUnless(ctx context.Context, detached bool, operation zeroq.Operation) error {
	if !detached {
		return s.Follow(ctx, operation)
	}
	return s.WriteLast(func() { s.Operation(operation) })
}
