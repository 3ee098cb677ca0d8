package redisq

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
)

// stepSize is how many tasks a step of an operation does at most: about a millisecond of Redis.
const stepSize = 256

// operator goes on with operations, one at a time.
type operator struct {
	broker *Broker
	owner  string
	pause  func(ctx context.Context, d time.Duration) // returns early when ctx ends
	forget func(ctx context.Context, id, queue string) error
	noted  time.Time // until when others know of its work
}

// anyScore is above every time. Not every Lua reads infinity.
const anyScore = "9007199254740991"

// errAnother: the operation was aborted, or is another's by now.
var errAnother = errors.New("the operation is not this worker's")

// Work implements [broker.Operator].
func (b *Broker) Work(ctx context.Context) (bool, error) { return b.newOperator().work(ctx) }

func (b *Broker) newOperator() *operator {
	return &operator{broker: b, owner: rand.Text(), pause: func(ctx context.Context, d time.Duration) { backoff.Pause(ctx, d) }, forget: b.Delete}
}

func (o *operator) work(ctx context.Context) (bool, error) {
	if err := o.broker.Ping(ctx); err != nil {
		return false, err
	}
	ids, err := o.broker.calls.ZRangeByScore(ctx, keyOperations, &redis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(o.broker.clock.now().UnixMilli(), 10), Count: 16,
	}).Result()
	if err != nil {
		return false, explain(err)
	}
	var failed error // one that cannot be gone on with holds up no other
	for _, id := range ids {
		p, mine, err := o.adopt(ctx, id, operationLease)
		if mine {
			return true, errors.Join(failed, o.finish(ctx, p))
		}
		failed = errors.Join(failed, err)
	}
	return false, failed
}

// adopt takes an operation that nobody works on, or keeps one that is at hand.
func (o *operator) adopt(ctx context.Context, id string, lease time.Duration) (p underway, mine bool, err error) {
	key := operationKey(id)
	answer := reply{status: statusNone}
	if key != "" {
		answer, err = o.broker.run(ctx, o.broker.calls, scriptOpAdopt, []string{key}, o.owner, lease.Milliseconds())
	}
	switch {
	case err != nil:
		return p, false, err
	case answer.status == statusNone:
		return p, false, explainNil(o.broker.calls.ZRem(ctx, keyOperations, id).Err())
	case answer.status == statusHeld:
		return p, false, o.broker.note(ctx, id, fromMillis(answer.number(0)))
	}
	list, fields := answer.list(0), make(map[string]string)
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		fields[name], _ = list[i+1].(string)
	}
	if p, err = decodeOperation(id, fields); err != nil {
		return p, false, err
	}
	o.noted = o.broker.clock.now().Add(lease)
	return p, true, o.broker.note(ctx, id, o.noted)
}

// finish goes on with an operation to its end, or lets go of it for others when ctx ends. A step that
// was begun is made whole, so that nothing has to be found out.
func (o *operator) finish(ctx context.Context, p underway) error {
	whole := context.WithoutCancel(ctx)
	err := o.steps(ctx, whole, &p)
	whole, cancel := context.WithTimeout(whole, operationLease)
	defer cancel()
	switch {
	case errors.Is(err, errAnother):
		return nil
	case err != nil || ctx.Err() != nil:
		_, _, letting := o.adopt(whole, p.ID, 0)
		return errors.Join(err, letting)
	}
	answer, err := o.broker.run(whole, o.broker.calls, scriptOpEnd, []string{operationKey(p.ID)}, o.owner, string(zeroq.OperationDone))
	if err != nil || answer.status == statusFenced {
		return err
	}
	return explainNil(o.broker.calls.ZRem(whole, keyOperations, p.ID).Err())
}

func (o *operator) steps(ctx, whole context.Context, p *underway) error {
	if err := o.rest(ctx, *p, p.next.Sub(o.broker.clock.now())); err != nil {
		return err
	}
	for ctx.Err() == nil && p.stage < o.stages(*p) {
		p.step++
		call, cancel := context.WithTimeout(whole, operationLease)
		answer, err := o.step(call, *p)
		cancel()
		if err != nil {
			return err
		}
		if answer.status == statusFenced {
			return errAnother
		}
		if answer.number(0) == 1 {
			p.stage++
		}
		if err := o.rest(ctx, *p, time.Duration(answer.number(1))*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// rest waits, and keeps the operation meanwhile.
func (o *operator) rest(ctx context.Context, p underway, d time.Duration) error {
	for ctx.Err() == nil {
		if o.noted.Sub(o.broker.clock.now()) < operationLease*2/3 {
			if _, mine, err := o.adopt(ctx, p.ID, operationLease); err != nil || !mine {
				return errors.Join(err, errAnother)
			}
		}
		if d <= 0 {
			return nil
		}
		part := min(d, operationLease/3)
		o.pause(ctx, part)
		d -= part
	}
	return nil
}

// stages is how many parts the operation has: shelves to go through, or portions of its ids.
func (o *operator) stages(p underway) int {
	if n := len(p.Selection.IDs); n > 0 {
		size := o.portion(p)
		return (n + size - 1) / size
	}
	return len(keysOf(p.Queue).shelves(p.Selection.State, p.Selection.Fingerprint))
}

// portion is how many ids are done in a step. It must not change while the operation runs.
func (o *operator) portion(p underway) int {
	size := stepSize
	if s := keysOf(p.Queue).shelves(p.Selection.State, ""); s[0].list != "" {
		size = 16 // one by one: this many are done again when a worker dies
	}
	return min(size, paced(p.Rate))
}

// paced is how many tasks a step may do, so that a rate is kept in steps of half a second.
func paced(rate float64) int {
	if rate == 0 {
		return stepSize
	}
	return int(min(stepSize, max(1, rate/2)))
}

func (o *operator) step(ctx context.Context, p underway) (reply, error) {
	k := keysOf(p.Queue)
	shelves := k.shelves(p.Selection.State, p.Selection.Fingerprint)
	var ids []string
	if all := p.Selection.IDs; len(all) > 0 {
		size := o.portion(p)
		ids = all[p.stage*size : min(len(all), (p.stage+1)*size)]
		if shelves[0].list != "" {
			return o.forgetOneByOne(ctx, p, ids)
		}
		return o.stepIndex(ctx, k, shelves[0], p, ids)
	}
	from := shelves[p.stage]
	switch {
	case from.list == k.finished:
		return o.run(ctx, scriptPurgeFinished, p, []string{from.list, k.counters}, k.prefix, paced(p.Rate))
	case from.list != "":
		return o.run(ctx, scriptPurgeList, p, []string{
			from.list, k.high, k.low, k.withdrawn, k.cancelled, k.parked, k.crashes, k.counters, k.waiters,
		}, k.prefix, k.done, paced(p.Rate), maxBatchBytes)
	}
	return o.stepIndex(ctx, k, from, p, nil)
}

func (o *operator) stepIndex(ctx context.Context, k queueKeys, from shelf, p underway, ids []string) (reply, error) {
	if p.Verb == zeroq.VerbRetry {
		return o.revive(ctx, k, from, p, ids)
	}
	args := []any{k.prefix, k.done, string(from.mark), highest(from, k, p), paced(p.Rate), len(ids)}
	for _, id := range ids {
		args = append(args, id)
	}
	return o.run(ctx, scriptPurgeIndex, p, []string{from.index, from.walk, from.bodies, k.counters, k.waiters}, args...)
}

// highest is the last score of what was there when the operation began, where scores say so.
func highest(from shelf, k queueKeys, p underway) string {
	if from.index == k.dead {
		return strconv.FormatInt(p.CreatedAt.UnixMilli(), 10)
	}
	return anyScore
}

// run runs the script of a step.
func (o *operator) run(ctx context.Context, script *redis.Script, p underway, keys []string, args ...any) (reply, error) {
	keys = append([]string{operationKey(p.ID)}, keys...)
	args = append([]any{o.owner, p.step, operationLease.Milliseconds()}, args...)
	answer, err := o.broker.run(ctx, o.broker.calls, script, keys, args...)
	if err != nil {
		return answer, fmt.Errorf("operation %s: %w", p.ID, err)
	}
	return answer, nil
}

// forgetOneByOne deletes tasks that no index finds by their ids.
func (o *operator) forgetOneByOne(ctx context.Context, p underway, ids []string) (reply, error) {
	done, failed, reason := 0, 0, ""
	for _, id := range ids {
		info, err := o.broker.Task(ctx, id, p.Queue)
		if err == nil && info.State != p.Selection.State {
			err = &zeroq.StateError{State: info.State}
		}
		if err == nil {
			err = o.forget(ctx, id, p.Queue)
		}
		switch {
		case errors.Is(err, zeroq.ErrUnavailable):
			return reply{}, err
		case err != nil:
			failed, reason = failed+1, err.Error()
		default:
			done++
		}
	}
	return o.run(ctx, scriptOpSave, p, nil, done, failed, reason)
}
