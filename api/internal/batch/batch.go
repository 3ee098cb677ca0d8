// Package batch enqueues many tasks and keeps what became of each, in bounded memory.
package batch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zeromicro/go-zero/core/logc"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/idempotency"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
)

// A chunk is enqueued when it has so many tasks, or so many bytes of them.
const (
	chunkTasks = 512
	chunkBytes = 4 << 20
)

// Batch gathers tasks into chunks and enqueues these.
type Batch struct {
	svcCtx *svc.ServiceContext
	result Result
	chunk  []entry
	bytes  int
	next   int
	broken error
}

// entry is one task of the chunk at hand: err is set when it is refused already, named when its id is
// that of its place in the request.
type entry struct {
	index int
	task  *zeroq.Task
	err   error
	named bool
}

// New returns an empty batch.
func New(svcCtx *svc.ServiceContext) *Batch { return &Batch{svcCtx: svcCtx} }

// Add adds a task as JSON, which the batch keeps. What is wrong with it becomes its item's error.
func (b *Batch) Add(ctx context.Context, raw []byte) {
	task, err := b.read(raw)
	b.add(ctx, entry{task: task, err: err}, len(raw))
}

// Refuse adds an item that could not be read at all.
func (b *Batch) Refuse(ctx context.Context, err error) { b.add(ctx, entry{err: err}, 0) }

// Broken returns why nothing more is put on a queue: the broker is away or full, or the results of a
// batch this bad would take too much memory. What is added from then on is refused.
func (b *Batch) Broken() error { return problem.OfEnqueue(b.broken, "") }

// Finish enqueues what is left and returns the result, or an error if nothing at all is known to be in
// because of the broker.
func (b *Batch) Finish(ctx context.Context) (*Result, error) {
	b.flush(ctx)
	if b.result.accepted == 0 && b.broken != nil {
		return nil, b.Broken()
	}
	return &b.result, nil
}

// Stop is Finish for a batch that was not read to its end because of err.
func (b *Batch) Stop(ctx context.Context, err error) (*Result, error) {
	result, finishErr := b.Finish(ctx)
	switch {
	case finishErr != nil:
		return nil, finishErr
	case result.accepted == 0:
		return nil, err
	}
	result.stopped, _ = problem.Of(err)
	idempotency.Refused(ctx, result.stopped.Status)
	return result, nil
}

func (b *Batch) read(raw []byte) (*zeroq.Task, error) {
	if len(raw) > request.MaxTaskBytes {
		return nil, problem.Large("", "the task is over 1 MiB")
	}
	task, err := request.Task(raw, time.Now())
	if err != nil {
		return nil, err
	}
	return task, b.svcCtx.Admits(task)
}

func (b *Batch) add(ctx context.Context, e entry, size int) {
	if b.broken != nil && e.err == nil {
		e.err = b.broken
	}
	e.index = b.next
	b.next++
	e.named = e.err == nil && idempotency.Name(ctx, e.task, e.index)
	b.chunk = append(b.chunk, e)
	b.bytes += size
	if len(b.chunk) == chunkTasks || b.bytes >= chunkBytes {
		b.flush(ctx)
	}
}

// flush enqueues the chunk and notes the results in the order of the items.
func (b *Batch) flush(ctx context.Context) {
	b.enqueue(ctx)
	logged := false
	for _, e := range b.chunk {
		if e.err == nil {
			b.result.accept(e.index, e.task.ID)
			continue
		}
		p, hidden := problem.Of(e.err)
		if hidden && !logged {
			logc.Errorf(ctx, "batch item %d: %v", e.index, e.err)
			logged = true
		}
		idempotency.Refused(ctx, p.Status)
		b.result.refuse(e.index, p)
	}
	clear(b.chunk)
	b.chunk, b.bytes = b.chunk[:0], 0
	if b.broken == nil && b.result.full() {
		b.broken = errTooMany
	}
}

// enqueue puts the good tasks of the chunk on their queues.
func (b *Batch) enqueue(ctx context.Context) {
	good, tasks := make([]*entry, 0, len(b.chunk)), make([]*zeroq.Task, 0, len(b.chunk))
	for i := range b.chunk {
		if b.chunk[i].err == nil {
			good, tasks = append(good, &b.chunk[i]), append(tasks, b.chunk[i].task)
		}
	}
	if len(tasks) == 0 {
		return
	}
	errs := b.svcCtx.Enqueue(ctx, tasks)
	for i, err := range errs {
		if good[i].named {
			err = idempotency.Accepted(tasks[i], err)
		}
		good[i].err = problem.OfEnqueue(err, tasks[i].ID)
	}
	if !slices.ContainsFunc(errs, reached) {
		b.broken = errs[0]
	}
}

// reached tells whether the broker dealt with a task that got this error. One that reached none of a
// chunk will not reach the next either.
func reached(err error) bool {
	return !errors.Is(err, zeroq.ErrUnavailable) && !errors.Is(err, zeroq.ErrStoreFull) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}
