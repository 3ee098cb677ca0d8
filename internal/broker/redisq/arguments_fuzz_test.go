package redisq

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// Every script is called as Go calls it, but with one argument that is none, with one too few or too many,
// or with a key of another type. It ends, Redis lives, no key becomes what its header does not say; and a
// key of another type ends it before it has begun.
func FuzzArguments(f *testing.F) {
	for i := range scriptNames() {
		for kind, text := range []string{"", "-1", "\xff\x00", ""} {
			f.Add(uint8(i), uint8(i+kind), uint8(kind), text)
			f.Add(uint8(i), uint8(2*i+kind), uint8(kind), "1e400")
		}
	}
	conf, client := redistest.New(f)
	var calls map[string][]any
	var before snapshot
	f.Fuzz(func(t *testing.T, script, at, kind uint8, text string) {
		if calls == nil {
			calls = rigOn(t, conf, client).callAll()
			before = takeSnapshot(t, client)
		}
		before.restore(t, client)
		names := scriptNames()
		name := names[int(script)%len(names)]
		if call, known := calls[name]; known { // what is not needs a lease to end before it
			r := &rig{T: t, client: client, keys: keysOf("q")}
			r.callWrong(name, call, int(at), kind, text)
		}
	})
}

// callWrong makes a call of a script with something wrong.
func (r *rig) callWrong(name string, call []any, at int, kind uint8, text string) {
	r.Helper()
	keys := call[3 : 3+call[2].(int)]
	args := slices.Clone(call[3+len(keys):])
	switch kind % 4 {
	case 0:
		// The prefix is a part of keys, and as right as they are.
		if i := at % max(1, len(args)); len(args) > 0 && args[i] != r.keys.prefix {
			args[i] = text
		}
	case 1:
		args = args[:max(0, len(args)-1-at%3)]
	case 2:
		args = append(args, text)
	default:
		r.callOnOtherType(call, keys[at%len(keys)].(string))
		return
	}
	_ = r.client.Do(r.Context(), slices.Concat(call[:3+len(keys)], args)...).Err() // that it fails is no wonder
	r.must(r.client.Ping(r.Context()).Err())
	r.wantTypes(parseHeader(r.T, name), keys)
}

// snapshot is a database, to begin with again.
type snapshot map[string]string

func takeSnapshot(t *testing.T, client *redis.Client) snapshot {
	t.Helper()
	all := make(snapshot)
	for _, key := range client.Keys(t.Context(), "*").Val() {
		dump, err := client.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = dump
	}
	return all
}

func (s snapshot) restore(t *testing.T, client *redis.Client) {
	t.Helper()
	_, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		p.FlushDB(t.Context())
		for key, dump := range s {
			p.Restore(t.Context(), key, 0, dump)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// callOnOtherType calls a script as Go does, where one of its keys holds something else.
func (r *rig) callOnOtherType(call []any, key string) {
	r.Helper()
	kind := r.client.Type(r.Context(), key).Val()
	r.must(r.client.Del(r.Context(), key).Err())
	if kind == "list" || kind == "none" {
		r.must(r.client.SAdd(r.Context(), key, "other").Err())
	} else {
		r.must(r.client.RPush(r.Context(), key, "other").Err())
	}
	before := r.dump()
	if err := r.client.Do(r.Context(), call...).Err(); err == nil {
		return // it did not come to the key
	} else if !strings.Contains(err.Error(), "WRONGTYPE") {
		r.Errorf("where %s has another type: %v", key, err)
	}
	for _, difference := range differences(before, r.dump()) {
		r.Errorf("where %s has another type, half of %v was done: %s", key, call[1], difference)
	}
}

// wantTypes: the keys of a script are of the types that its header has, or are not there, and nothing was
// written beside the keys of zeroq.
func (r *rig) wantTypes(h header, keys []any) {
	r.Helper()
	for i, key := range keys {
		declared := h.keys[min(i, len(h.keys)-1)]
		kind := strings.ToUpper(r.client.Type(r.Context(), key.(string)).Val())
		if kind != "NONE" && !slices.Contains(declared.types, kind) {
			r.Errorf("%s.lua made %s a %s", h.name, key, kind)
		}
	}
	for key := range r.dump() {
		if !strings.HasPrefix(key, "zq:") {
			r.Errorf("%s.lua wrote %q", h.name, key)
		}
	}
}

// callAll makes a call of every script that can be made at once, and returns the last of each.
func (r *rig) callAll() map[string][]any {
	r.Helper()
	ctx := r.Context()
	s := attach(r.Broker, nil)
	r.each(zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Succeeded, zeroq.Scheduled, zeroq.Retry, zeroq.Leased, zeroq.Ready)
	r.callTimetable()
	m := r.joinFor("w", broker.AtMostOnce, time.Minute)
	r.put(newTask(), newTask(zeroq.UniqueKey("k", zeroq.UntilStarted)), newTask())
	r.push(`{"type":"echo"}`)
	held, err := m.Fetch(ctx, 4, 0)
	r.must(err)
	r.must(m.Beat(ctx))
	if len(held) > 0 {
		r.must(errOf(m.Commit(ctx, held)))
		r.must(m.Report(ctx, held[0].Lease, map[string]json.RawMessage{held[0].Receipt: json.RawMessage(`1`)}))
		r.settle(m, outcome(m, held[0], zeroq.Succeeded))
	}
	r.must(errOf(r.Cancel(ctx, "mine-retry", "q")))
	r.must(r.Retry(ctx, "mine-cancelled", "q"))
	r.must(r.Delete(ctx, "mine-scheduled", "q"))
	r.must(r.Pause(ctx, "q"))
	r.must(r.Resume(ctx, "q"))
	r.must(r.Sample(ctx, "q"))
	r.must(r.Recount(ctx, "q"))
	r.must(errOf(r.Queues(ctx)))
	r.must(errOf(r.Promote(ctx, "q")))
	r.must(errOf(r.Sweep(ctx, "q", broker.Keep{Finished: 1, Dead: 1, DeadFor: time.Hour})))
	r.must(errOf(r.Tasks(ctx, zeroq.TaskQuery{Queue: "q", State: zeroq.Dead, Limit: 5})))
	reservation, err := r.Reserve(ctx, "k", "f", time.Minute)
	r.must(err)
	r.must(r.Complete(ctx, "k", reservation.Owner, []byte("x")))
	r.callOperations()
	r.callCarrier(m)
	return s.last
}

func (r *rig) callCarrier(m *member) {
	r.Helper()
	r.must(r.Carry(r.Context(), "q", ordered))
	r.put(newTasks(2)...)
	o := r.Outbox("q", "relay")
	batch, err := o.Take(r.Context(), 2)
	r.must(err)
	r.must(o.Measured(r.Context(), 0, 9))
	r.must(o.Done(r.Context(), batch))
	_, _, err = m.Admit(r.Context(), batch.Messages)
	r.must(err)
}

func (r *rig) callTimetable() {
	r.Helper()
	r.schedule(hourly("often"))
	r.rewind("often", time.Second)
	r.tick()
	r.schedule(hourly("gone"))
	r.must(r.DeleteSchedule(r.Context(), "gone"))
}

func (r *rig) callOperations() {
	r.Helper()
	for _, op := range []zeroq.Operation{
		{Queue: "q", Verb: zeroq.VerbRetry, Selection: zeroq.Selection{State: zeroq.Dead}},
		{Queue: "q", Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Expired}},
		{Queue: "q", Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Ready}},
		{Queue: "q", Verb: zeroq.VerbDelete, Selection: zeroq.Selection{State: zeroq.Succeeded}},
	} {
		r.must(errOf(r.Begin(r.Context(), op)))
		r.must(errOf(r.Work(r.Context())))
	}
}
