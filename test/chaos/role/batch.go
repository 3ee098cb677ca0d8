//go:build linux

package role

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// batch is some tasks that are sent together, and again those that had no answer.
type batch struct {
	load
	first   uint64
	open    []uint64        // numbers of those that are not answered
	unknown map[uint64]bool // those that were sent before and may be in
}

func newBatch(l load, first uint64, n int) *batch {
	b := &batch{load: l, first: first, unknown: make(map[uint64]bool)}
	records := make([]ledger.Record, n)
	for i := range records {
		number := first + uint64(i)
		b.open = append(b.open, number)
		records[i] = l.sending(number)
	}
	l.log.Add(records...)
	return b
}

// sending is what is noted of a task before it is sent.
func (l load) sending(n uint64) ledger.Record {
	share := l.plan.Load.Task(n)
	r := ledger.Record{At: ledger.Now(), Kind: ledger.Sending, Code: l.plan.Load.Expect(n), Task: n, Key: share.Deed.Key}
	if l.timed() {
		r.Reach = uint32(share.Timeout.Milliseconds())
	}
	if share.Delay > 0 {
		r.Until = r.At.Add(share.Delay)
	}
	return r
}

// timed tells whether a task takes its timeout along: a message on a list has none.
func (l load) timed() bool {
	way := l.plan.Load.Way
	return way != plan.ByList && way != plan.Garbage
}

// deliver sends until all are answered. What has no id must not be sent again: it could be in.
func (b *batch) deliver(ctx context.Context) {
	for len(b.open) > 0 && ctx.Err() == nil {
		tasks := make([]*zeroq.Task, len(b.open))
		for i, n := range b.open {
			tasks[i] = b.task(n)
		}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
		if b.plan.Load.Way == plan.ByKey {
			call = client.WithIdempotencyKey(call, fmt.Sprintf("chaos-%d-%d", b.plan.Load.Seed, b.first))
		}
		err := b.send.Enqueue(call, tasks...)
		cancel()
		b.note(errorsOf(err, len(tasks)))
		if len(b.open) > 0 {
			pause(ctx, again)
		}
	}
}

func (b *batch) task(n uint64) *zeroq.Task {
	share := b.plan.Load.Task(n)
	options := []zeroq.Option{zeroq.Queue(b.plan.Queue), zeroq.Delay(share.Delay)}
	if way := b.plan.Load.Way; way == plan.ByHTTP || way == plan.Direct {
		options = append(options, zeroq.ID(plan.ID(n)))
	}
	if share.Timeout > 0 {
		options = append(options, zeroq.Timeout(share.Timeout))
	}
	if share.High {
		options = append(options, zeroq.Prioritized(zeroq.High))
	}
	switch {
	case b.plan.Load.Groups > 0:
		options = append(options, zeroq.Group(fmt.Sprintf("g%d", share.Deed.Key)))
	case b.plan.Load.Keys > 0:
		options = append(options, zeroq.UniqueKey(fmt.Sprintf("k%d", share.Deed.Key), zeroq.UntilFinished))
	}
	return zeroq.NewTask(Type, share.Deed, options...)
}

// note writes down what was answered, and keeps what is to be sent again.
func (b *batch) note(errs []error) {
	var records []ledger.Record
	var open []uint64
	for i, n := range b.open {
		record, final := b.answer(n, errs[i])
		record.Task, record.Key = n, b.plan.Load.Task(n).Deed.Key
		if record.Kind != 0 {
			records = append(records, record)
		}
		if !final {
			open = append(open, n)
		}
	}
	b.log.Add(records...)
	b.open = open
}

// answer is what an error means, and whether the task is over for its producer.
func (b *batch) answer(n uint64, err error) (record ledger.Record, final bool) {
	duplicate := (*zeroq.DuplicateError)(nil)
	switch {
	case err == nil:
		return ledger.Record{Kind: ledger.Accepted}, true
	case errors.Is(err, zeroq.ErrStoreFull) && !b.plan.Load.GiveUp:
		return ledger.Record{}, false
	case errors.Is(err, zeroq.ErrStoreFull) && !b.unknown[n]:
		return ledger.Record{Kind: ledger.Refused, Code: ledger.Full}, true
	case errors.Is(err, zeroq.ErrDuplicateID) && b.unknown[n]:
		return ledger.Record{Kind: ledger.Accepted}, true // by the try that had no answer
	case errors.As(err, &duplicate):
		if duplicate.TaskID == plan.ID(n) && b.unknown[n] {
			return ledger.Record{Kind: ledger.Accepted}, true
		}
		return ledger.Record{Kind: ledger.Refused, Code: ledger.Duplicate}, true
	case errors.Is(err, zeroq.ErrInvalidTask), errors.Is(err, zeroq.ErrDuplicateID):
		fmt.Println("refused:", n, err)
		return ledger.Record{Kind: ledger.Refused, Code: ledger.Other}, true
	}
	fmt.Println(time.Now().Format(time.TimeOnly), "unknown:", n, err)
	first := !b.unknown[n]
	b.unknown[n] = true
	if !first {
		return ledger.Record{}, b.plan.Load.GiveUp
	}
	return ledger.Record{Kind: ledger.Unknown}, b.once()
}

// once tells whether tasks must not be sent twice, as nothing says that they are the same.
func (b *batch) once() bool {
	way := b.plan.Load.Way
	return way == plan.Plain || way == plan.ByList || way == plan.Garbage
}
