package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// reaper implements [broker.Reaper].
type reaper struct {
	broker        *Broker
	keys          queueKeys
	queue, worker string
	lease         time.Duration

	seen    map[string]sighting // by lease group
	landing sighting
}

// sighting is what a look found, and when the same was seen first, on this machine's monotonic
// clock.
type sighting struct {
	what  string
	first time.Time
}

// errOrphan is why a task of an at-most-once queue is dead whose worker died.
var errOrphan = errors.New("the worker died while it ran the task, which must not start twice")

// thief ends the names of reapers as owners of lease groups.
const thief = ".reaper"

// NewReaper implements [broker.Keeper].
func (b *Broker) NewReaper(queue, worker string, lease time.Duration) broker.Reaper {
	return &reaper{
		broker: b, keys: keysOf(queue), queue: queue, worker: worker, lease: lease,
		seen: make(map[string]sighting),
	}
}

// Reap implements [broker.Reaper].
func (r *reaper) Reap(ctx context.Context) (int, error) {
	total, err := r.reap(ctx)
	if err != nil {
		// After an outage every lease looks expired until its worker has had a chance to beat.
		clear(r.seen)
		r.landing = sighting{}
	}
	return total, err
}

func (r *reaper) reap(ctx context.Context) (int, error) {
	if err := r.broker.Ping(ctx); err != nil {
		return 0, err
	}
	expired, err := r.broker.calls.ZRangeByScoreWithScores(ctx, r.keys.groups, &redis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(r.broker.clock.now().UnixMilli(), 10),
	}).Result()
	if err != nil {
		return 0, explain(err)
	}
	total, looked := 0, make(map[string]sighting, len(expired))
	for _, z := range expired {
		group, score := z.Member.(string), strconv.FormatFloat(z.Score, 'f', 0, 64)
		now := r.look(r.seen[group], score)
		looked[group] = now
		if time.Since(now.first) < r.patience() {
			continue
		}
		n, err := r.steal(ctx, group, score)
		if err != nil {
			return total, err
		}
		total += n
	}
	r.seen = looked
	return total, r.clearLanding(ctx)
}

// patience is 1.5 heartbeats: a beat is a quarter of the lease.
func (r *reaper) patience() time.Duration { return r.lease * 3 / 8 }

// look returns the sighting that continues the last one if nothing has changed.
func (r *reaper) look(last sighting, what string) sighting {
	if last.what == what && !last.first.IsZero() {
		return last
	}
	return sighting{what: what, first: time.Now()}
}

// steal takes a dead worker's tasks and hands them back, page by page. When this fails half-way,
// the thief's own lease expires and another reaper goes on.
func (r *reaper) steal(ctx context.Context, group, score string) (int, error) {
	mine := r.worker + thief + "." + leaseName()
	answer, err := r.broker.run(ctx, r.broker.calls, scriptSteal,
		[]string{r.keys.groups, r.keys.inflight + group, r.keys.inflight + mine},
		group, score, mine, r.lease.Milliseconds())
	if err != nil || answer.status == statusGone {
		return 0, err
	}
	total, err := r.handBackAll(ctx, mine, owner(group))
	if err != nil {
		return total, err
	}
	_, err = r.broker.run(ctx, r.broker.calls, scriptLeave, []string{r.keys.groups, r.keys.inflight + mine}, mine)
	return total, err
}

// handBackAll reads a stolen hash page by page and settles what it holds.
func (r *reaper) handBackAll(ctx context.Context, mine, dead string) (int, error) {
	total, cursor, seq := 0, uint64(0), uint64(0)
	for {
		fields, next, err := r.broker.calls.HScan(ctx, r.keys.inflight+mine, cursor, "", maxBatch/2).Result()
		if err != nil {
			return total, explain(err)
		}
		// A page can be larger than asked for: Redis gives out compact hashes whole.
		for outcomes := range slices.Chunk(r.outcomes(fields, dead), maxBatch) {
			seq++
			if err := r.handBack(ctx, mine, dead, seq, outcomes); err != nil {
				return total, err
			}
			total += len(outcomes)
		}
		if cursor = next; cursor == 0 {
			return total, nil
		}
	}
}

// handBack settles some of the tasks of a stolen hash.
func (r *reaper) handBack(ctx context.Context, mine, dead string, seq uint64, outcomes []broker.Outcome) error {
	if err := r.countCrashes(ctx, dead, outcomes); err != nil {
		return err
	}
	s := settlement{
		call:   r.broker.settleCall,
		broker: r.broker, keys: r.keys, queue: r.queue, worker: dead, group: mine, retention: zeroq.DefaultRetention,
	}
	return s.settle(ctx, seq, outcomes)
}

// maxCrashes is how many workers may die with a task before it is a dead letter.
const maxCrashes = 3

// countCrashes adds the worker's death to the tasks that it had. After the first they go on as they were,
// since a power cut is nobody's fault; from the second on they wait apart. A thief that died has run none
// of them.
func (r *reaper) countCrashes(ctx context.Context, dead string, outcomes []broker.Outcome) error {
	if strings.HasSuffix(dead, thief) || len(outcomes) == 0 {
		return nil
	}
	ids := make([]string, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.Delivery.Receipt
	}
	counts, err := r.broker.calls.HMGet(ctx, r.keys.crashes, ids...).Result()
	if err != nil {
		return explain(err)
	}
	for i := range outcomes {
		o := &outcomes[i]
		if o.State != zeroq.Ready || ids[i][0] == '?' || ids[i][0] == '!' {
			continue // it is over, or has no id by which it could be known again
		}
		before, _ := counts[i].(string)
		n, _ := strconv.Atoi(before) // none: 0
		if o.Crashes = n + 1; o.Crashes >= maxCrashes {
			r.poison(o, dead)
		}
	}
	return nil
}

// poison makes a dead letter of a task that killed its workers.
func (r *reaper) poison(o *broker.Outcome, dead string) {
	now := r.broker.clock.now()
	read(o.Delivery, r.queue)
	o.State, o.FinishedAt = zeroq.Dead, now
	o.Failure = &zeroq.AttemptError{
		Attempt: 1, At: now, Worker: dead, Message: fmt.Sprintf("poison: %d workers died while they had the task", o.Crashes),
	}
	if o.Delivery.Task != nil {
		o.Failure.Attempt = o.Delivery.Task.Attempt
		o.StartedAt = now // when it did is not known; that it did, is most likely
	}
}

// owner is the worker that a lease group belonged to.
func owner(group string) string {
	if i := strings.LastIndexByte(group, '.'); i > 0 {
		return group[:i]
	}
	return group
}

// outcomes says what becomes of a page of stolen tasks, given as field, message, field, message …
func (r *reaper) outcomes(page []string, dead string) []broker.Outcome {
	var outcomes []broker.Outcome
	for pair := range slices.Chunk(page, 2) {
		if pair[0][0] != '#' {
			outcomes = append(outcomes, r.outcome(pair[0], pair[1], dead))
		}
	}
	slices.SortFunc(outcomes, func(a, b broker.Outcome) int {
		return strings.Compare(a.Delivery.Receipt, b.Delivery.Receipt)
	})
	return outcomes
}

func (r *reaper) outcome(field, message, dead string) broker.Outcome {
	started := false
	if field[0] != '?' && field[0] != '!' { // else the message is somebody's own, whatever it begins with
		message, started = strings.CutPrefix(message, "!")
	}
	d := &broker.Delivery{Raw: []byte(message), Receipt: field}
	if !started {
		return broker.Outcome{Delivery: d, State: zeroq.Ready}
	}
	now := r.broker.clock.now()
	read(d, r.queue)
	o := broker.Outcome{Delivery: d, State: zeroq.Dead, FinishedAt: now}
	o.Failure = &zeroq.AttemptError{Attempt: 1, At: now, Worker: dead, Message: errOrphan.Error()}
	if d.Task != nil {
		o.Failure.Attempt = d.Task.Attempt
		o.StartedAt = now // when it did is not known; that it did, is
	}
	return o
}

// clearLanding gives back what woke a worker that died before it fetched.
func (r *reaper) clearLanding(ctx context.Context) error {
	last, err := r.broker.calls.LIndex(ctx, r.keys.landing, -1).Result()
	if errors.Is(err, redis.Nil) {
		r.landing = sighting{}
		return nil
	}
	if err != nil {
		return explain(err)
	}
	r.landing = r.look(r.landing, last)
	if time.Since(r.landing.first) < r.patience() {
		return nil
	}
	r.landing = sighting{}
	_, err = r.broker.run(ctx, r.broker.calls, scriptYield, []string{r.keys.landing, r.keys.ready}, maxBatch)
	return err
}
