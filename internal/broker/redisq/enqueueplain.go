package redisq

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/taskid"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// sharedUpTo is how many tasks of a call go together with those of other callers. More fill a script by
// themselves well enough.
const sharedUpTo = 256

// piece is a task that needs no more than an id of ours, in the shape of script arguments.
type piece struct {
	sequence uint64
	id       string
	priority zeroq.Priority
	due      int64 // in ms; 0: ready
	message  string
	record   string

	messageEnd, recordEnd int // in the text of all
}

// cargo is pieces of one caller, by their ids, and what became of them.
type cargo struct {
	pieces []piece
	bytes  int

	in     int    // how many are in: the first ones
	status string // why the others are not, unless there is an error
	err    error
}

// enqueuePlain puts in tasks that need no more than an id of ours: all or none, unless the queue has room for
// some.
func (b *Broker) enqueuePlain(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, plain []int, errs []error) {
	l, err := b.sendPlain(ctx, keys, queue, tasks, plain)
	for leap := uint64(bucketSize); err == nil && l.status == statusDuplicate; leap *= 2 {
		b.ids.skip(queue, leap)
		l, err = b.sendPlain(ctx, keys, queue, tasks, plain)
	}
	in := 0
	if err == nil {
		in, err = l.in, refused(reply{status: l.status})
	}
	if err != nil {
		refuse(tasks, plain[in:], errs, err)
	}
}

// sendPlain returns the cargo of the tasks with its answer.
func (b *Broker) sendPlain(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, plain []int) (*cargo, error) {
	l, err := b.pack(ctx, queue, tasks, plain)
	if err != nil {
		return nil, err
	}
	if len(plain) > sharedUpTo || l.bytes > maxBatchBytes/2 {
		b.carryAll(ctx, keys, []*cargo{l})
	} else if err := b.batcher(queue, keys).send(ctx, l); err != nil {
		return nil, err
	}
	return l, l.err
}

// pack gives the tasks their ids and times, and writes their messages and records.
func (b *Broker) pack(ctx context.Context, queue string, tasks []*zeroq.Task, plain []int) (*cargo, error) {
	numbers, err := b.newNumbers(ctx, queue, len(plain))
	if err != nil {
		return nil, err
	}
	size := 0
	for _, i := range plain {
		size += len(tasks[i].Data) + 192 // enough for the rest of most tasks
	}
	text := make([]byte, 0, size)
	l := &cargo{pieces: make([]piece, len(plain))}
	for n, i := range plain {
		task := tasks[i]
		task.ID = taskid.New(queue, 0, numbers[n])
		b.time(task)
		text = wire.Append(text, task)
		message := len(text)
		text = newRecord(markLive, task).append(text)
		l.pieces[n] = piece{
			sequence: numbers[n], id: task.ID, priority: task.Priority, due: toMillis(task.RunAt),
			messageEnd: message, recordEnd: len(text),
		}
	}
	l.bytes = len(text)
	all, begin := string(text), 0
	for n := range l.pieces {
		p := &l.pieces[n]
		p.message, p.record, begin = all[begin:p.messageEnd], all[p.messageEnd:p.recordEnd], p.recordEnd
	}
	return l, nil
}

// batcher has the callers of a queue share calls.
func (b *Broker) batcher(queue string, keys queueKeys) *batcher {
	if known, ok := b.batchers.Load(queue); ok {
		return known.(*batcher)
	}
	known, _ := b.batchers.LoadOrStore(queue, &batcher{driver: b.driver, call: func(ctx context.Context, cargoes []*cargo) {
		b.carryAll(ctx, keys, cargoes)
	}})
	return known.(*batcher)
}

// carryAll puts cargoes in by one script. Where the queue is full, as many go in as it has room for, in order.
func (b *Broker) carryAll(ctx context.Context, keys queueKeys, cargoes []*cargo) {
	// Those who gave out the same numbers meet the first of them first.
	slices.SortFunc(cargoes, func(a, b *cargo) int { return cmp.Compare(a.pieces[0].sequence, b.pieces[0].sequence) })
	total := 0
	for _, l := range cargoes {
		total += len(l.pieces)
	}
	answer, err := b.runPlain(ctx, keys, cargoes, total)
	room := total
	for err == nil && answer.status == statusFull && room > 0 {
		if room = int(answer.number(0)); room > 0 {
			answer, err = b.runPlain(ctx, keys, cargoes, room)
		}
	}
	status := answer.status
	for _, l := range cargoes {
		switch {
		case err != nil:
			l.err = err
		case status == statusOK && room >= len(l.pieces):
			l.in, l.status = len(l.pieces), statusOK
			room -= l.in
		case status == statusOK:
			l.in, l.status, room = room, statusFull, 0
		default:
			l.status = status
		}
	}
}

// slots are the names of the slots of a bucket, as arguments.
var slots = func() (all [bucketSize]any) {
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}()

// runPlain puts the first n pieces in.
func (b *Broker) runPlain(ctx context.Context, keys queueKeys, cargoes []*cargo, n int) (reply, error) {
	names := append(make([]string, 0, 8+n/bucketSize+len(cargoes)), keys.ready, keys.high, keys.low, keys.scheduled, keys.scheduledD, keys.counters, keys.gate)
	args := append(make([]any, 0, 6+4*n), keys.prefix)
	var lists [3][]any // messages, by ready list
	var scheduled []any
	bucket, count := ^uint64(0), 0
	for _, l := range cargoes {
		for i := range l.pieces[:min(n, len(l.pieces))] {
			e := &l.pieces[i]
			if at := e.sequence / bucketSize; at != bucket {
				bucket, count = at, len(args)
				names, args = append(names, keys.bucket(at)), append(args, 0)
			}
			args[count] = args[count].(int) + 1
			args = append(args, slots[e.sequence%bucketSize], &e.record)
			switch {
			case e.due != 0:
				scheduled = append(scheduled, e.due, &e.id, &e.message)
			case e.priority == zeroq.High:
				lists[1] = append(lists[1], &e.message)
			case e.priority == zeroq.Low:
				lists[2] = append(lists[2], &e.message)
			default:
				lists[0] = append(lists[0], &e.message)
			}
		}
		n -= min(n, len(l.pieces))
	}
	for _, list := range lists {
		args = append(append(args, len(list)), list...)
	}
	args = append(append(args, len(scheduled)/3), scheduled...)
	return b.run(ctx, b.calls, scriptEnqueue, names, args...)
}
