package redisq

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zeroq-dev/zeroq"
)

func (m *model) checkCounts() {
	m.Helper()
	info, err := m.Queue(m.Context(), "q")
	m.must(err)
	for _, state := range zeroq.States {
		if want := len(m.in(state)); info.Counts[state] != int64(want) {
			m.Fatalf("after %s: %d are %s, want %d", m.log[len(m.log)-1], info.Counts[state], state, want)
		}
	}
	if m.waiting()+len(m.in(zeroq.Leased)) == 0 {
		m.draining = false // who looks at an empty queue ends that
	}
	if info.Paused != m.paused || info.Draining != m.draining || info.Limits != m.limits {
		m.Fatalf("paused %v, draining %v, %+v, want %v, %v, %+v", info.Paused, info.Draining, info.Limits, m.paused, m.draining, m.limits)
	}
}

// checkLists compares the ready lists with the model's, and sees to it that nobody sleeps through work.
// Workers block on the normal list alone, so whenever another has tasks, either that list has an element
// or one lies in landing, which wakes whoever has taken it. But suspects may lie there and wake nobody
// while somebody has one: who looks with a suspect at hand would wake itself for ever. Settling that one, or
// handing it back for the dead, wakes somebody.
func (m *model) checkLists() {
	m.Helper()
	for _, list := range modelLists {
		if got := m.actual(list); !slices.Equal(got, m.lists[list]) {
			m.Fatalf("after %s: %s holds %s, want %s", m.log[len(m.log)-1], list, numbers(got), numbers(m.lists[list]))
		}
	}
	ready := m.lists[listReady]
	if len(ready) > 0 && slices.Contains(ready[1:], wakes) {
		m.Fatalf("an element that wakes is not the next one, or one of several: %s", numbers(ready))
	}
	if len(ready)+len(m.lists[listLanding]) > 0 {
		return
	}
	if len(m.lists[listHigh])+len(m.lists[listLow]) > 0 || len(m.lists[listSuspect]) > 0 && !m.suspected() {
		m.Fatalf("nobody is woken for high %s, low %s, suspects %s",
			numbers(m.lists[listHigh]), numbers(m.lists[listLow]), numbers(m.lists[listSuspect]))
	}
}

// suspected tells whether somebody has a suspect.
func (m *model) suspected() bool {
	return slices.ContainsFunc(slices.Concat(m.alive, m.dead), (*modelMember).busy)
}

// checkPlaces looks at every key for every task.
func (m *model) checkPlaces() {
	m.Helper()
	places := m.places()
	for _, task := range m.tasks {
		want := []string{string(task.state)}
		if task.owner != nil {
			want[0] += " by " + task.owner.leaseOf(task)
		}
		if task.state == "" {
			want = nil
		}
		if got := places[task.number]; !slices.Equal(got, want) {
			m.Fatalf("task %d (%s) is in %q, want %q", task.number, task.id, got, want)
		}
	}
	m.checkMarks()
	m.checkDead()
	m.checkLocks()
}

// places says where each task is found.
func (m *model) places() map[int][]string {
	ctx, places := m.Context(), make(map[int][]string)
	note := func(place string, messages ...string) {
		for _, message := range messages {
			places[numberIn(message)] = append(places[numberIn(message)], place)
		}
	}
	for _, list := range modelLists {
		for _, task := range m.actual(list) {
			if task != wakes && !task.withdrawn() {
				places[task.number] = append(places[task.number], "ready")
			}
		}
	}
	note("scheduled", m.client.HVals(ctx, m.keys.scheduledD).Val()...)
	note("retry", m.client.HVals(ctx, m.keys.retryD).Val()...)
	for _, key := range m.client.Keys(ctx, m.keys.inflight+"*").Val() {
		for field, message := range m.client.HGetAll(ctx, key).Val() {
			if field[0] != '#' {
				note("leased by "+strings.TrimPrefix(key, m.keys.inflight), message)
			}
		}
	}
	parked := m.client.HGetAll(ctx, m.keys.parked).Val()
	for state, index := range map[string]string{"dead": m.keys.dead, "expired": m.keys.expired, "cancelled": m.keys.cancelled} {
		for _, id := range m.client.ZRange(ctx, index, 0, -1).Val() {
			if message, ok := parked[id]; ok {
				note(state, message)
			} else if task := m.byID[id]; task != nil && task.withdrawn() {
				places[task.number] = append(places[task.number], state)
			}
			delete(parked, id)
		}
	}
	if len(parked) > 0 {
		m.Fatalf("messages belong to nothing: %q", parked)
	}
	done := func(ids []string, tasks map[string]*modelTask) {
		for _, id := range ids {
			if task := tasks[id]; task != nil {
				places[task.number] = append(places[task.number], "succeeded")
			}
		}
	}
	done(m.client.LRange(ctx, m.keys.finished, 0, -1).Val(), m.byID)
	done(m.client.ZRange(ctx, m.keys.finishedAt, 0, -1).Val(), m.fading)
	return places
}

// checkMarks looks at what is kept of tasks beside their messages.
func (m *model) checkMarks() {
	m.Helper()
	ctx := m.Context()
	withdrawn, stopping, crashes, progress := []string{}, []string{}, map[string]string{}, map[string]string{}
	for _, task := range m.tasks {
		if task.withdrawn() {
			withdrawn = append(withdrawn, task.id)
		}
		if task.stopping {
			stopping = append(stopping, task.id)
		}
		if task.crashes > 0 {
			crashes[task.id] = fmt.Sprint(task.crashes)
		}
		if task.progress {
			progress[task.id] = fmt.Sprintf(`{"n":%d}`, task.number)
		}
	}
	for _, set := range []struct {
		key  string
		want []string
	}{{m.keys.withdrawn, withdrawn}, {m.keys.stopping, stopping}} {
		got := m.client.SMembers(ctx, set.key).Val()
		slices.Sort(got)
		slices.Sort(set.want)
		if !slices.Equal(got, set.want) {
			m.Fatalf("%s has %q, want %q", set.key, got, set.want)
		}
	}
	for key, want := range map[string]map[string]string{m.keys.crashes: crashes, m.keys.progress: progress} {
		if got := m.client.HGetAll(ctx, key).Val(); !maps.Equal(got, want) {
			m.Fatalf("%s has %q, want %q", key, got, want)
		}
	}
	inflight := m.client.HGet(ctx, m.keys.gate, "inflight").Val()
	if leased := fmt.Sprint(len(m.in(zeroq.Leased))); inflight != leased && inflight+leased != "0" {
		m.Fatalf("%s are in flight by the gate, %s are", inflight, leased)
	}
}

// checkDead: each dead letter is in the index of one fingerprint, and each of these has a sample.
func (m *model) checkDead() {
	m.Helper()
	ctx := m.Context()
	var grouped, prints []string
	for _, key := range m.client.Keys(ctx, m.keys.deadOf+"*").Val() {
		grouped = append(grouped, m.client.ZRange(ctx, key, 0, -1).Val()...)
		prints = append(prints, strings.TrimPrefix(key, m.keys.deadOf))
	}
	dead := m.client.ZRange(ctx, m.keys.dead, 0, -1).Val()
	samples := m.client.HKeys(ctx, m.keys.errors).Val()
	for _, list := range [][]string{grouped, prints, dead, samples} {
		slices.Sort(list)
	}
	if !slices.Equal(grouped, dead) || !slices.Equal(prints, samples) {
		m.Fatalf("dead are %q, by fingerprint %q; fingerprints are %q, samples %q", dead, grouped, prints, samples)
	}
}

// checkLocks: each unique key is held as the model has it, by a task that has not finished, or for a time.
func (m *model) checkLocks() {
	m.Helper()
	got, want := make(map[string]string), make(map[string]string)
	for _, key := range m.client.Keys(m.Context(), m.keys.unique+"*").Val() {
		got[key] = m.client.Get(m.Context(), key).Val()
	}
	for name, lock := range m.locks {
		want[lock.key] = lock.mode + lock.id
		owner := m.byID[lock.id]
		if lock.mode != "t" && (owner == nil || owner.state.Finished()) {
			m.Fatalf("%s has the key %s, and is over", lock.id, name)
		}
	}
	if !maps.Equal(got, want) {
		m.Fatalf("unique keys are held %q, want %q", got, want)
	}
}

// leaseOf is the lease under which the member holds the task.
func (who *modelMember) leaseOf(task *modelTask) string {
	for _, d := range who.held {
		if numberIn(string(d.Raw)) == task.number {
			return d.Lease
		}
	}
	return "nobody"
}
