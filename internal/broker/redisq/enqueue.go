package redisq

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Bounds of one enqueue script: Lua unpacks at most about 8,000 values, and a long argument list
// holds up everybody else.
const (
	maxBatch      = 512
	maxBatchBytes = 4 << 20
)

// Enqueue implements [broker.Broker]. Tasks of one queue go in together, at most 512 in one step.
func (b *Broker) Enqueue(ctx context.Context, tasks []*zeroq.Task) []error {
	errs := make([]error, len(tasks))
	if len(tasks) == 0 {
		return errs
	}
	if !slices.ContainsFunc(tasks, func(t *zeroq.Task) bool { return t.Queue != tasks[0].Queue }) {
		indexes := make([]int, len(tasks))
		for i := range indexes {
			indexes[i] = i
		}
		b.enqueueTo(ctx, tasks[0].Queue, tasks, indexes, errs)
		return errs
	}
	byQueue := make(map[string][]int)
	for i, task := range tasks {
		byQueue[task.Queue] = append(byQueue[task.Queue], i)
	}
	for queue, indexes := range byQueue {
		b.enqueueTo(ctx, queue, tasks, indexes, errs)
	}
	return errs
}

// enqueueTo puts those tasks on their queue whose indexes these are.
func (b *Broker) enqueueTo(ctx context.Context, queue string, tasks []*zeroq.Task, indexes []int, errs []error) {
	keys, err := b.meet(ctx, queue)
	if err == nil {
		indexes = b.carriable(queue, tasks, indexes, errs)
	}
	if err == nil && b.clock.reading.Load() == nil {
		err = b.Ping(ctx)
	}
	for _, chunk := range chunks(tasks, indexes) {
		if err == nil {
			b.enqueueChunk(ctx, keys, queue, tasks, chunk, errs)
			continue
		}
		for _, i := range chunk {
			errs[i] = err
		}
	}
}

// chunks cuts the indexes so that each chunk is within the bounds of one script.
func chunks(tasks []*zeroq.Task, indexes []int) [][]int {
	var all [][]int
	begin, bytes := 0, 0
	for at, i := range indexes {
		size := len(tasks[i].Data)
		if at > begin && (at-begin == maxBatch || bytes+size > maxBatchBytes) {
			all = append(all, indexes[begin:at])
			begin, bytes = at, 0
		}
		bytes += size
	}
	if begin < len(indexes) {
		all = append(all, indexes[begin:])
	}
	return all
}

// enqueueChunk puts tasks of one queue in: those that need no more than an id of ours by one script, the
// others by one each, in one round trip.
func (b *Broker) enqueueChunk(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, chunk []int, errs []error) {
	isSpecial := func(i int) bool { return tasks[i].ID != "" || tasks[i].Unique != nil }
	if !slices.ContainsFunc(chunk, isSpecial) {
		b.enqueuePlain(ctx, keys, queue, tasks, chunk, errs)
		return
	}
	var plain, special []int
	for _, i := range chunk {
		if isSpecial(i) {
			special = append(special, i)
		} else {
			plain = append(plain, i)
		}
	}
	b.enqueueSpecial(ctx, keys, queue, tasks, special, errs)
	if len(plain) > 0 {
		b.enqueuePlain(ctx, keys, queue, tasks, plain, errs)
	}
}

// refuse says of tasks why they are not in.
func refuse(tasks []*zeroq.Task, indexes []int, errs []error, err error) {
	for _, i := range indexes {
		tasks[i].ID, errs[i] = "", err
	}
}

// refused is the error in the answer of an enqueue script.
func refused(answer reply) error {
	switch answer.status {
	case statusDuplicate:
		return zeroq.ErrDuplicateID
	case statusTaken:
		return &zeroq.DuplicateError{TaskID: answer.text(0)}
	case statusFull:
		return zeroq.ErrQueueFull
	case statusDraining:
		return zeroq.ErrDraining
	}
	return nil
}

// enqueueSpecial puts in tasks with an id that the producer chose, or with a unique key.
func (b *Broker) enqueueSpecial(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, special []int, errs []error) {
	for leap := uint64(bucketSize); len(special) > 0; leap *= 2 {
		calls, err := b.specialCalls(ctx, keys, queue, tasks, special)
		if err != nil {
			for _, i := range special {
				errs[i] = err
			}
			return
		}
		answers, _ := b.runAll(ctx, scriptEnqueueOne, calls)
		var again []int
		for n, i := range special {
			ours := keys.place(tasks[i].ID).slot != ""
			switch errs[i] = cmp.Or(answers[n].err, refused(answers[n])); {
			case errs[i] == zeroq.ErrDuplicateID && ours:
				tasks[i].ID, errs[i] = "", nil // it was given out for a second time
				again = append(again, i)
			case errs[i] != nil && ours:
				tasks[i].ID = ""
			case answers[n].status == statusReplaced:
				tasks[i].ID = answers[n].text(0)
			}
		}
		if special = again; len(again) > 0 {
			b.ids.skip(queue, leap)
		}
	}
}

func (b *Broker) specialCalls(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, special []int) ([]call, error) {
	nameless := 0
	for _, i := range special {
		if tasks[i].ID == "" {
			nameless++
		}
	}
	ids, err := b.newIDs(ctx, queue, nameless)
	if err != nil {
		return nil, err
	}
	calls := make([]call, len(special))
	for n, i := range special {
		if tasks[i].ID == "" {
			tasks[i].ID, ids = ids[0], ids[1:]
		}
		calls[n] = b.specialCall(keys, tasks[i])
	}
	return calls, nil
}

func (b *Broker) specialCall(keys queueKeys, task *zeroq.Task) call {
	return b.putCall(keys, task, b.stamp(task), "")
}

// putCall puts in a task that has its times, by the message. from is where it came from, as the script has it.
func (b *Broker) putCall(keys queueKeys, task *zeroq.Task, message []byte, from string) call {
	record := newRecord(markLive, task)
	record.Nonce = rand.Text()[:12]
	at := keys.place(task.ID)
	lock, mode, ttl := keys.lock(task)
	return call{
		keys: append([]string{
			keys.ready, keys.high, keys.low, keys.scheduled, keys.scheduledD, keys.counters, keys.gate, keys.withdrawn, at.key,
		}, lock...),
		args: []any{keys.prefix, record.Nonce, toMillis(task.RunAt), task.ID, message, record.encode(), at.slot, mode, ttl, from},
	}
}

// stamp sets the task's times by the clock of Redis and writes its message.
func (b *Broker) stamp(task *zeroq.Task) []byte {
	b.time(task)
	return wire.Encode(task)
}

// time sets the task's times by the clock of Redis.
func (b *Broker) time(task *zeroq.Task) {
	task.EnqueuedAt = b.clock.now()
	if task.Delay > 0 {
		task.RunAt = task.EnqueuedAt.Add(task.Delay)
	}
	if !task.RunAt.After(task.EnqueuedAt) {
		task.RunAt = zeroTime
	}
}
