//go:build linux

package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// Zeroq is our own system. What it holds is read with plain commands, so that no mistake of its
// own reading can hide one of its writing; docs/redis-keys.md says where everything is.
type Zeroq struct{}

// Program is this very program, which plays a role when it finds a plan.
func (Zeroq) Program() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

func key(queue, name string) string { return "zq:{" + queue + "}:" + name }

// Where tasks are that have not finished.
var (
	lists   = []string{"ready", "ready:high", "ready:low", "suspect", "landing", "relaying"}
	indexes = []string{"scheduled", "retry"}
)

// Busy implements [System].
func (Zeroq) Busy(ctx context.Context, r *Redis, queue string, workers int) (string, error) {
	c, counts := r.Client(), make(map[string]*redis.IntCmd)
	pipe := c.Pipeline()
	for _, name := range lists {
		counts[name] = pipe.LLen(ctx, key(queue, name))
	}
	for _, name := range append(slices.Clone(indexes), "groups") {
		counts[name] = pipe.ZCard(ctx, key(queue, name))
	}
	marker := pipe.LIndex(ctx, key(queue, "ready"), -1)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return "", err
	}
	var busy []string
	for name, count := range counts {
		n := int(count.Val())
		switch {
		case name == "groups":
			n -= workers
		case name == "ready" && marker.Err() == nil && marker.Val() == "":
			n-- // the wake marker is no task
		}
		if n > 0 {
			busy = append(busy, fmt.Sprintf("%s %d", name, n))
		}
	}
	if len(busy) > 0 { // to look for what is in flight, Redis goes through all names that it holds
		slices.Sort(busy)
		return strings.Join(busy, ", "), nil
	}
	messages, err := inFlight(ctx, c, queue)
	if err != nil || len(messages) > 0 {
		return fmt.Sprintf("in flight %d", len(messages)), err
	}
	groups, err := c.ZRange(ctx, key(queue, "groups"), 0, -1).Result()
	if dead := slices.IndexFunc(groups, ofDead); dead >= 0 {
		return "lease of the dead " + groups[dead], err
	}
	return "", err
}

// inWorker finds the process in the name of a lease group, which begins with the worker's: its host, its
// process and some letters.
var inWorker = regexp.MustCompile(`-(\d+)-[0-9a-f]{8}\.`)

// ofDead tells whether a lease group is that of a process that has ended. Their number alone does not say
// it: a worker that has just begun may have no lease yet.
func ofDead(group string) bool {
	found := inWorker.FindStringSubmatch(group)
	if found == nil {
		return false
	}
	process, _ := strconv.Atoi(found[1]) // digits, and ours: it fits
	return errors.Is(syscall.Kill(process, 0), syscall.ESRCH)
}

// inFlight are the messages that workers hold.
func inFlight(ctx context.Context, c *redis.Client, queue string) ([]string, error) {
	groups, err := c.Keys(ctx, key(queue, "if:*")).Result()
	if err != nil {
		return nil, err
	}
	var messages []string
	for _, group := range groups {
		fields, err := c.HGetAll(ctx, group).Result()
		if err != nil {
			return nil, err
		}
		for field, message := range fields {
			if !strings.HasPrefix(field, "#") {
				messages = append(messages, message)
			}
		}
	}
	return messages, nil
}

// Final implements [System]. It forgets all finished tasks and looks at what is left then.
func (z Zeroq) Final(ctx context.Context, r *Redis, queue string) (check.Final, error) {
	c := r.Client()
	f := check.Final{
		Counted: true, Dead: make(map[uint64]bool), Unreadable: make(map[uint64]bool),
		Cancelled: make(map[uint64]bool), Stored: make(map[uint64]string),
	}
	succeeded, err := c.HGet(ctx, key(queue, "counters"), "succeeded").Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return f, err
	}
	f.Succeeded = succeeded
	if err := z.stored(ctx, c, queue, f); err != nil {
		return f, err
	}
	for _, index := range []string{"dead", "cancelled"} {
		if err := z.parked(ctx, c, queue, index, f); err != nil {
			return f, err
		}
	}
	// Looked at before anything is forgotten, as that lets go of them too. All tasks have finished.
	locks, err := c.Keys(ctx, key(queue, "unique:*")).Result()
	if err != nil {
		return f, err
	}
	if err := forget(ctx, r, queue); err != nil {
		return f, err
	}
	f.Keys, f.After, err = left(ctx, c, queue)
	f.Keys = append(f.Keys, locks...)
	slices.Sort(f.Keys)
	f.Keys = slices.Compact(f.Keys)
	f.Before = 1 // an empty Redis: what is left is all that is above it
	return f, err
}

func (Zeroq) stored(ctx context.Context, c *redis.Client, queue string, f check.Final) error {
	add := func(state string, messages []string) {
		for _, message := range messages {
			if message == "" {
				continue // a wake marker
			}
			n, _ := numberOf(message)
			f.Stored[n] = state
		}
	}
	for _, name := range lists {
		messages, err := c.LRange(ctx, key(queue, name), 0, -1).Result()
		if err != nil {
			return err
		}
		add(name, messages)
	}
	for _, name := range indexes {
		messages, err := c.HVals(ctx, key(queue, name+":d")).Result()
		if err != nil {
			return err
		}
		add(name, messages)
	}
	messages, err := inFlight(ctx, c, queue)
	add("leased", messages)
	return err
}

func (Zeroq) parked(ctx context.Context, c *redis.Client, queue, index string, f check.Final) error {
	ids, err := c.ZRange(ctx, key(queue, index), 0, -1).Result()
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 500) {
		messages, err := c.HMGet(ctx, key(queue, "parked"), some...).Result()
		if err != nil {
			return err
		}
		for i, message := range messages {
			text, ok := message.(string)
			if !ok {
				return fmt.Errorf("%s %s has no message", index, some[i])
			}
			switch n, garbage := numberOf(text); {
			case garbage:
				f.Unreadable[n] = text == plan.GarbageOf(n) // byte for byte, or it is not there
			case index == "dead":
				f.Dead[n] = true
			default:
				f.Cancelled[n] = true
			}
		}
	}
	return nil
}

var (
	inGarbage = regexp.MustCompile(`#(\d+)#`)
	inDeed    = regexp.MustCompile(`"n":(\d+)`)
)

// numberOf finds the number in a message, and tells whether it is garbage; 0 if there is none.
func numberOf(message string) (n uint64, garbage bool) {
	found := inGarbage.FindStringSubmatch(message)
	if garbage = found != nil; !garbage {
		found = inDeed.FindStringSubmatch(message)
	}
	if found != nil {
		n, _ = strconv.ParseUint(found[1], 10, 64) // digits, and ours: it fits
	}
	return n, garbage
}

// forget purges all finished tasks of the queue, as an operator would.
func forget(ctx context.Context, r *Redis, queue string) error {
	b, err := redisq.Open(zeroq.RedisConf{Addrs: []string{r.Addr}})
	if err != nil {
		return err
	}
	defer b.Close()
	for _, state := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Cancelled, zeroq.Expired} {
		_, err := b.Begin(ctx, zeroq.Operation{
			Queue: queue, Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: state},
		})
		if err != nil {
			return fmt.Errorf("purge of %s tasks: %w", state, err)
		}
		for worked := true; worked; {
			if worked, err = b.Work(ctx); err != nil {
				return fmt.Errorf("purge of %s tasks: %w", state, err)
			}
		}
	}
	return nil
}

// begun are the requests with an idempotency key that have no answer: none may be left of those whose
// senders went on until they had one.
func begun(ctx context.Context, c *redis.Client) ([]string, error) {
	names, err := c.Keys(ctx, "zq:answer:*").Result()
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		answered, err := c.HExists(ctx, name, "a").Result()
		if err != nil {
			return nil, err
		}
		if !answered {
			open = append(open, name)
		}
	}
	return open, nil
}

// stays matches what a queue leaves when everything is over: see docs/redis-keys.md. Workers that were
// killed are forgotten some time later; answers are kept for a day.
var stays = regexp.MustCompile(`^zq:(queues|schedules|workers|worker:.*|answer:.*|operations|` +
	`\{[^}]*\}:(v|seq|counters|samples|gate|relay|schedules|schedules:next|op:.*))$`)

// left returns the names that should be gone, and how many bytes the queue takes that are not kept on
// purpose for a time.
func left(ctx context.Context, c *redis.Client, queue string) (names []string, bytes int64, err error) {
	all, err := c.Keys(ctx, "*").Result()
	if err != nil {
		return nil, 0, err
	}
	for _, name := range all {
		if !stays.MatchString(name) {
			names = append(names, name)
		}
		if !strings.HasPrefix(name, key(queue, "")) || strings.Contains(name, ":op:") {
			continue
		}
		size, err := c.MemoryUsage(ctx, name, 0).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, 0, err
		}
		bytes += size
	}
	slices.Sort(names)
	return names, bytes, nil
}
