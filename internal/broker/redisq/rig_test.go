package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// rig is a broker on a Redis of the test's own, and a client that looks behind it. Its queue is "q".
type rig struct {
	*testing.T
	*Broker
	client *redis.Client
	keys   queueKeys
}

const testLease = 400 * time.Millisecond

// newRig makes a rig on a database of its own.
func newRig(t *testing.T) *rig {
	t.Helper()
	conf, client := redistest.New(t)
	return rigOn(t, conf, client)
}

// rigOn makes a rig on a Redis that is there.
func rigOn(t *testing.T, conf zeroq.RedisConf, client *redis.Client) *rig {
	t.Helper()
	b, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &rig{T: t, Broker: b, client: client, keys: keysOf("q")}
}

// another is a second process on the same Redis.
func (r *rig) another() *rig {
	r.Helper()
	options := r.client.Options()
	return rigOn(r.T, zeroq.RedisConf{Addrs: []string{options.Addr}, DB: options.DB}, r.client)
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// newTask returns a task of queue q as a producer hands it over.
func newTask(options ...zeroq.Option) *zeroq.Task {
	t := zeroq.NewTask("echo", map[string]int{"n": 1}, append([]zeroq.Option{zeroq.Queue("q")}, options...)...)
	t.SetDefaults()
	return t
}

func newTasks(n int, options ...zeroq.Option) []*zeroq.Task {
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = newTask(options...)
	}
	return tasks
}

func (r *rig) put(tasks ...*zeroq.Task) {
	r.Helper()
	for _, err := range r.Enqueue(r.Context(), tasks) {
		r.must(err)
	}
}

// push puts a bare message on the list.
func (r *rig) push(messages ...string) {
	r.Helper()
	for _, message := range messages {
		r.must(r.client.LPush(r.Context(), r.keys.ready, message).Err())
	}
}

func (r *rig) join(worker string) *member { return r.joinFor(worker, broker.AtLeastOnce, testLease) }

// joinFor makes a member that leaves when the test ends, if it can.
func (r *rig) joinFor(worker string, mode broker.Mode, lease time.Duration) *member {
	r.Helper()
	m, err := r.Join(r.Context(), broker.Join{Queue: "q", Worker: worker, Mode: mode, Lease: lease})
	r.must(err)
	r.Cleanup(func() { _ = m.Leave(context.WithoutCancel(r.Context())) })
	return m.(*member)
}

// fetch takes exactly n tasks, which must be there.
func (r *rig) fetch(m broker.Member, n int) []*broker.Delivery {
	r.Helper()
	deliveries, err := m.Fetch(r.Context(), n, 0)
	r.must(err)
	if len(deliveries) != n {
		r.Fatalf("%d deliveries, want %d", len(deliveries), n)
	}
	return deliveries
}

func (r *rig) settle(m broker.Member, outcomes ...broker.Outcome) {
	r.Helper()
	r.must(m.Settle(r.Context(), outcomes))
}

func (r *rig) count(state zeroq.State) int64 {
	r.Helper()
	info, err := r.Queue(r.Context(), "q")
	r.must(err)
	return info.Counts[state]
}

// outcome is what became of a delivery, in the shape that each state asks for.
func outcome(m broker.Member, d *broker.Delivery, state zeroq.State) broker.Outcome {
	now := m.Now()
	o := broker.Outcome{Delivery: d, State: state, FinishedAt: now}
	switch state {
	case zeroq.Succeeded:
		o.StartedAt = now
	case zeroq.Retry, zeroq.Dead:
		o.StartedAt = now
		o.NextAttempt, o.RunAt = 2, now.Add(time.Hour)
		o.Failure = &zeroq.AttemptError{Attempt: 1, At: now, Worker: "w", Message: "boom"}
	}
	return o
}

// until polls until the condition holds.
func (r *rig) until(what string, condition func() bool) {
	r.Helper()
	tooLate := time.After(15 * time.Second)
	for pause := time.Millisecond; !condition(); pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-tooLate:
			r.Fatalf("still waiting: %s", what)
		case <-time.After(pause):
		}
	}
}

// dump is every key with its content, in a form that two dumps can be compared in.
func (r *rig) dump() map[string]string {
	r.Helper()
	ctx, all := r.Context(), map[string]string{}
	keys, err := r.client.Keys(ctx, "*").Result()
	r.must(err)
	for _, key := range keys {
		var content any
		switch kind := r.client.Type(ctx, key).Val(); kind {
		case "string":
			content, err = r.client.Get(ctx, key).Result()
		case "list":
			content, err = r.client.LRange(ctx, key, 0, -1).Result()
		case "hash":
			content, err = r.client.HGetAll(ctx, key).Result() // fmt prints maps in order
		case "set":
			content, err = r.client.SMembers(ctx, key).Result()
		case "zset":
			content, err = r.client.ZRangeWithScores(ctx, key, 0, -1).Result()
		default:
			err = errors.New(key + " is a " + kind)
		}
		r.must(err)
		all[key] = fmt.Sprint(content)
	}
	return all
}

// differences lists the keys that two dumps do not agree on.
func differences(before, after map[string]string) []string {
	var all []string
	for key := range after {
		if before[key] != after[key] {
			all = append(all, fmt.Sprintf("%s: %.200s, was %.200s", key, after[key], before[key]))
		}
	}
	for key := range before {
		if _, there := after[key]; !there {
			all = append(all, key+" is gone")
		}
	}
	slices.Sort(all)
	return all
}

// unchanged checks that what do does leaves every key but those whose names contain one of the
// exceptions as it was.
func (r *rig) unchanged(what string, do func(), except ...string) {
	r.Helper()
	before := r.dump()
	do()
	for _, difference := range differences(before, r.dump()) {
		if !slices.ContainsFunc(except, func(e string) bool { return strings.Contains(difference, e) }) {
			r.Errorf("%s changed %s", what, difference)
		}
	}
}

// zOf is an entry of an index.
func zOf(score float64, id string) redis.Z { return redis.Z{Score: score, Member: id} }
