package redisq

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Queues implements [broker.Inspector].
func (b *Broker) Queues(ctx context.Context) ([]zeroq.QueueInfo, error) {
	names, err := b.calls.SMembers(ctx, keyQueues).Result()
	if err != nil {
		return nil, explain(err)
	}
	slices.Sort(names)
	calls := make([]call, len(names))
	for i, name := range names {
		calls[i] = censusCall(keysOf(name))
	}
	if len(calls) == 0 {
		return []zeroq.QueueInfo{}, nil
	}
	answers, err := b.runAll(ctx, scriptCensus, calls)
	if err != nil {
		return nil, err
	}
	infos := make([]zeroq.QueueInfo, len(names))
	for i, answer := range answers {
		infos[i] = b.queueInfo(names[i], answer)
	}
	return infos, nil
}

// Queue implements [broker.Inspector].
func (b *Broker) Queue(ctx context.Context, name string) (zeroq.QueueInfo, error) {
	if err := b.checkUsed(ctx, name); err != nil {
		return zeroq.QueueInfo{}, err
	}
	c := censusCall(keysOf(name))
	answer, err := b.run(ctx, b.calls, scriptCensus, c.keys, c.args...)
	if err != nil {
		return zeroq.QueueInfo{}, err
	}
	return b.queueInfo(name, answer), nil
}

func censusCall(k queueKeys) call {
	return call{
		keys: []string{
			k.ready, k.landing, k.groups, k.scheduled, k.retry, k.finished, k.dead, k.cancelled, k.expired,
			k.gate, k.finishedAt, k.high, k.low, k.suspect, k.withdrawn, k.counters, k.samples,
			k.relaying,
		},
		args: []any{k.inflight},
	}
}

// censusOrder is the order in which the census script answers.
var censusOrder = []zeroq.State{
	zeroq.Ready, zeroq.Leased, zeroq.Scheduled, zeroq.Retry,
	zeroq.Succeeded, zeroq.Dead, zeroq.Cancelled, zeroq.Expired,
}

func (b *Broker) queueInfo(name string, answer reply) zeroq.QueueInfo {
	info := zeroq.QueueInfo{Queue: name, Counts: make(map[zeroq.State]int64)}
	for i, n := range answer.list(0) {
		info.Counts[censusOrder[i]], _ = n.(int64)
	}
	now := b.clock.now()
	for _, message := range texts(answer.list(1)) {
		info.OldestAge = max(info.OldestAge, waitedFor(message, now))
	}
	gate := texts(answer.list(2))
	info.Paused, info.Draining = gate[0] != "", gate[1] != ""
	info.Limits = limitsOf(gate[2:])
	info.Totals = totalsOf(texts(answer.list(3)))
	info.Rates = ratesOf(info.Totals, texts(answer.list(4)), now)
	return info
}

// texts are the values of an answer as they are: strings.
func texts(values []any) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i], _ = value.(string)
	}
	return all
}

// waitedFor is how long the task of a message could have started.
func waitedFor(message string, now time.Time) time.Duration {
	task, err := wire.Decode([]byte(message))
	if err != nil || task.EnqueuedAt.IsZero() {
		return 0 // nobody knows when a bare message was pushed
	}
	since := task.EnqueuedAt
	if task.RunAt.After(since) {
		since = task.RunAt
	}
	return max(0, now.Sub(since))
}

// totalsOf reads counter, total, counter, total …; every counter has an entry.
func totalsOf(pairs []string) map[zeroq.Counter]int64 {
	totals := make(map[zeroq.Counter]int64, len(zeroq.Counters))
	for _, counter := range zeroq.Counters {
		totals[counter] = 0
	}
	for pair := range slices.Chunk(pairs, 2) {
		if _, known := totals[zeroq.Counter(pair[0])]; known && len(pair) == 2 {
			totals[zeroq.Counter(pair[0])], _ = strconv.ParseInt(pair[1], 10, 64)
		}
	}
	return totals
}

// Rates are told of the time since the oldest sample that is not older than rateOver, if that is as
// long as rateLeast: what happened in a moment is no rate.
const (
	rateOver  = 75 * time.Second
	rateLeast = time.Second
)

// ratesOf is how much the totals grew in a second. A sample is a time in ms, then counters and totals;
// the newest comes first.
func ratesOf(totals map[zeroq.Counter]int64, samples []string, now time.Time) map[zeroq.Counter]float64 {
	rates := make(map[zeroq.Counter]float64, len(totals))
	for counter := range totals {
		rates[counter] = 0
	}
	for _, sample := range slices.Backward(samples) {
		words := strings.Fields(sample)
		if len(words) == 0 {
			continue
		}
		at, err := strconv.ParseInt(words[0], 10, 64)
		age := now.Sub(fromMillis(at))
		if err != nil || age > rateOver {
			continue
		}
		if age >= rateLeast {
			for counter, before := range totalsOf(words[1:]) {
				rates[counter] = float64(max(0, totals[counter]-before)) / age.Seconds()
			}
		}
		break
	}
	return rates
}
