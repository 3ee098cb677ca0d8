package redisq

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// audit looks at every key of the queue for what belongs to no live task, and returns what it found in
// words. It is for a queue that rests: nothing runs meanwhile.
func (r *rig) audit() []string {
	r.Helper()
	a := auditor{rig: r, dump: r.dump()}
	a.locks()
	a.withdrawn()
	a.inFlightOnly()
	a.dead()
	slices.Sort(a.found)
	return a.found
}

// sound checks that an audit finds nothing.
func (r *rig) sound() {
	r.Helper()
	for _, complaint := range r.audit() {
		r.Error(complaint)
	}
}

type auditor struct {
	*rig
	dump  map[string]string
	found []string
}

func (a *auditor) complain(format string, args ...any) {
	a.found = append(a.found, fmt.Sprintf(format, args...))
}

// record is the record of an id; ok is false when there is none.
func (a *auditor) record(id string) (rec record, ok bool) {
	a.Helper()
	at := a.keys.place(id)
	text := ""
	if at.slot != "" {
		text = a.client.HGet(a.Context(), at.key, at.slot).Val()
	} else {
		text = a.client.Get(a.Context(), at.key).Val()
	}
	if text == "" {
		return record{}, false
	}
	rec, err := decodeRecord(text)
	a.must(err)
	return rec, true
}

// locks: a unique key is held by a live task that has it in its record, but for those of mode t, which
// end by themselves, and those of mode d, which may be taken over.
func (a *auditor) locks() {
	for key, owner := range a.dump {
		hash, ok := strings.CutPrefix(key, a.keys.unique)
		if !ok {
			continue
		}
		mode, id := owner[:1], owner[1:]
		rec, known := a.record(id)
		switch {
		case mode == "t":
			if a.client.PTTL(a.Context(), key).Val() < 0 {
				a.complain("%s of %s is for ever", key, id)
			}
		case !known || rec.mark != markLive:
			a.complain("%s is held by %s, which is not live", key, id)
		case rec.Lock != mode+hash:
			a.complain("%s is held by %s in mode %s, its record has %q", key, id, mode, rec.Lock)
		}
	}
}

// listed are the ids of the messages on the ready lists, with how often they are there.
func (a *auditor) listed() map[string]int {
	all := make(map[string]int)
	for _, list := range []string{a.keys.landing, a.keys.ready, a.keys.high, a.keys.low, a.keys.suspect} {
		for _, message := range a.client.LRange(a.Context(), list, 0, -1).Val() {
			rest, ok := strings.CutPrefix(message, `{"id":"`)
			if id, _, whole := strings.Cut(rest, `"`); ok && whole {
				all[id]++
			}
		}
	}
	return all
}

// inFlight are the ids of the tasks that workers have.
func (a *auditor) inFlight() map[string]bool {
	all := make(map[string]bool)
	for key := range a.dump {
		if strings.HasPrefix(key, a.keys.inflight) {
			for _, field := range a.client.HKeys(a.Context(), key).Val() {
				all[field] = true
			}
		}
	}
	return all
}

// withdrawn: what was called off is still on a list, or at a carrier, and is not live.
func (a *auditor) withdrawn() {
	listed := a.listed()
	carried := a.client.HExists(a.Context(), a.keys.gate, gateCarrier).Val()
	for _, id := range a.client.SMembers(a.Context(), a.keys.withdrawn).Val() {
		if listed[id] != 1 && !carried {
			a.complain("%s is withdrawn and is %d times on a list", id, listed[id])
		}
		if rec, known := a.record(id); known && rec.mark != markCancelled {
			a.complain("%s is withdrawn, its record says %c", id, rec.mark)
		}
	}
	for id := range listed {
		rec, known := a.record(id)
		off := a.client.SIsMember(a.Context(), a.keys.withdrawn, id).Val()
		if known && rec.mark != markLive && !off {
			a.complain("%s is on a list, its record says %c", id, rec.mark)
		}
	}
}

// inFlightOnly: what is kept of a task while it is leased goes with the lease; a count of crashes goes
// with the task's life.
func (a *auditor) inFlightOnly() {
	running := a.inFlight()
	for what, ids := range map[string][]string{
		"stopping": a.client.SMembers(a.Context(), a.keys.stopping).Val(),
		"progress": a.client.HKeys(a.Context(), a.keys.progress).Val(),
	} {
		for _, id := range ids {
			if !running[id] {
				a.complain("%s has %s, which is not in flight", what, id)
			}
		}
	}
	for _, id := range a.client.HKeys(a.Context(), a.keys.crashes).Val() {
		if rec, known := a.record(id); !known || rec.mark != markLive {
			a.complain("crashes has %s, which is not live", id)
		}
	}
}

// dead: every dead letter is in the index of one fingerprint at most, and no index has others; each
// fingerprint with dead letters has a sample. Bodies are those of tasks in an index.
func (a *auditor) dead() {
	groups := make(map[string]int)
	for key := range a.dump {
		name, ok := strings.CutPrefix(key, a.keys.deadOf)
		if !ok {
			continue
		}
		if !a.client.HExists(a.Context(), a.keys.errors, name).Val() {
			a.complain("fingerprint %s has no sample", name)
		}
		for _, id := range a.client.ZRange(a.Context(), key, 0, -1).Val() {
			groups[id]++
		}
	}
	for id, n := range groups {
		if a.client.ZScore(a.Context(), a.keys.dead, id).Err() != nil || n > 1 {
			a.complain("%s has %d fingerprints, and is dead or not", id, n)
		}
	}
	for _, name := range a.client.HKeys(a.Context(), a.keys.errors).Val() {
		if _, there := a.dump[a.keys.deadOf+name]; !there {
			a.complain("a sample is left of fingerprint %s", name)
		}
	}
	for _, id := range a.client.HKeys(a.Context(), a.keys.parked).Val() {
		indexes := 0
		for _, index := range []string{a.keys.dead, a.keys.cancelled, a.keys.expired} {
			if a.client.ZScore(a.Context(), index, id).Err() == nil {
				indexes++
			}
		}
		if indexes != 1 {
			a.complain("the bytes of %s are parked, and it is in %d indexes", id, indexes)
		}
	}
}

// An audit that finds nothing must be able to find something.
func TestAudit_FindsWhatIsLeftBehind(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for what, spoil := range map[string]func(r *rig){
		"is not live": func(r *rig) { r.must(r.client.Set(ctx, r.keys.unique+"x", "fgone", 0).Err()) },
		"its record has": func(r *rig) {
			r.put(newTask(zeroq.ID("mine")))
			r.must(r.client.Set(ctx, r.keys.unique+"x", "fmine", 0).Err())
		},
		"is for ever":       func(r *rig) { r.must(r.client.Set(ctx, r.keys.unique+"x", "tgone", 0).Err()) },
		"0 times on a list": func(r *rig) { r.must(r.client.SAdd(ctx, r.keys.withdrawn, "gone").Err()) },
		"its record says .": func(r *rig) {
			r.put(newTask(zeroq.ID("mine")))
			r.must(r.client.SAdd(ctx, r.keys.withdrawn, "mine").Err())
		},
		"is on a list": func(r *rig) {
			r.put(newTask(zeroq.ID("mine")))
			_, err := r.Cancel(ctx, "mine", "")
			r.must(err)
			r.must(r.client.SRem(ctx, r.keys.withdrawn, "mine").Err())
		},
		"stopping has":       func(r *rig) { r.must(r.client.SAdd(ctx, r.keys.stopping, "gone").Err()) },
		"progress has":       func(r *rig) { r.must(r.client.HSet(ctx, r.keys.progress, "gone", "1").Err()) },
		"crashes has":        func(r *rig) { r.must(r.client.HSet(ctx, r.keys.crashes, "gone", "1").Err()) },
		"a sample is left":   func(r *rig) { r.must(r.client.HSet(ctx, r.keys.errors, "fp", "boom").Err()) },
		"are parked":         func(r *rig) { r.must(r.client.HSet(ctx, r.keys.parked, "gone", "{}").Err()) },
		"has 1 fingerprints": func(r *rig) { r.must(r.client.ZAdd(ctx, r.keys.deadOf+"fp", redis.Z{Member: "gone"}).Err()) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.put(newTask(), newTask(zeroq.Delay(time.Hour)))
			r.sound()
			spoil(r)
			if found := strings.Join(r.audit(), "; "); !strings.Contains(found, what) {
				t.Errorf("found %q", found)
			}
		})
	}
}
