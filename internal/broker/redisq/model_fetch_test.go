package redisq

import (
	"errors"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func (m *model) fetchSome() { m.fetchFor(m.someMember(), 1+m.rng.IntN(8)) }

func (m *model) fetchFor(who *modelMember, n int) {
	deliveries, err := who.Fetch(m.Context(), n, 0)
	m.fetched(who, n, deliveries, err)
}

// exchangeSome settles and fetches in one call. Where something is called off, or scripts may be missing, settling
// takes another call, and what it hands back comes too late for the fetch: that is not foretold.
func (m *model) exchangeSome() {
	who, n := m.someMember(), 1+m.rng.IntN(8)
	if m.server != nil || slices.ContainsFunc(who.held, func(d *broker.Delivery) bool { return m.of(d.Raw).stopping }) {
		m.settleFor(who)
		m.fetchFor(who, n)
		return
	}
	outcomes, become := m.outcomesOf(who)
	deliveries, fetching, settling := who.Exchange(m.Context(), outcomes, n, 0)
	m.must(settling)
	become()
	m.fetched(who, n, deliveries, fetching)
}

// fetched foretells what a fetch of up to n tasks has answered.
func (m *model) fetched(who *modelMember, n int, deliveries []*broker.Delivery, err error) {
	n, closed := m.open(n)
	if closed != nil {
		if !errors.Is(err, closed) || len(deliveries) > 0 {
			m.Fatalf("fetch: %v, want %v", err, closed)
		}
		return
	}
	m.must(err)
	var kept []*modelTask
	for popped := true; popped && len(kept) == 0; {
		kept, popped = m.take(who, n)
	}
	got := make(map[*modelTask]*broker.Delivery)
	var order []*modelTask
	for _, d := range deliveries {
		task := m.of(d.Raw)
		got[task], order = d, append(order, task)
	}
	want := m.claimAll(who, kept, got)
	if !slices.Equal(order, want) {
		m.Fatalf("tasks %s were handed out, want %s", numbers(order), numbers(want))
	}
	who.held = append(who.held, deliveries...)
}

// open is how many tasks a fetch may take, or why none.
func (m *model) open(n int) (int, error) {
	if m.paused {
		return 0, broker.ErrPaused
	}
	if most := m.limits.Concurrency; most > 0 {
		n = min(n, most-len(m.in(zeroq.Leased)))
	}
	if m.limits.Rate > 0 {
		n = min(n, m.bucket())
	}
	if n < 1 {
		return 0, broker.ErrLimited
	}
	return n, nil
}

// bucket is how many tokens there are. The rates are so low that none comes while the test lasts.
func (m *model) bucket() int {
	burst := max(1, m.limits.Burst)
	if m.tokens < 0 {
		return burst
	}
	return min(m.tokens, burst)
}

// take is what one call of the fetch script takes: first what woke a worker, one suspect if the worker
// has none, then the lists in turn.
func (m *model) take(who *modelMember, most int) (kept []*modelTask, popped bool) {
	who.fetched++
	withdrawn := slices.ContainsFunc(m.tasks, func(t *modelTask) bool { return t.withdrawn() })
	more := withdrawn || len(m.lists[listHigh])+len(m.lists[listLow])+len(m.lists[listSuspect]) > 0
	taken := m.pop(nil, most, listLanding)
	busy := who.busy()
	suspects := m.lists[listSuspect]
	var suspect *modelTask
	if !busy && len(suspects) > 0 && len(taken) < most {
		suspect, m.lists[listSuspect] = suspects[0], suspects[1:]
		taken = append(taken, suspect)
	}
	turns := []string{listHigh, listReady, listLow}
	switch who.fetched % 8 {
	case 0:
		turns = []string{listLow, listReady, listHigh}
	case 4:
		turns = []string{listReady, listHigh, listLow}
	}
	taken = m.pop(taken, most, turns...)
	m.wakeFor(more && (len(m.lists[listHigh])+len(m.lists[listLow]) > 0 || !busy && len(m.lists[listSuspect]) > 0))
	for _, task := range taken {
		if task.listed = false; task.state == zeroq.Ready {
			kept = append(kept, task)
		}
	}
	for _, task := range kept {
		task.state, task.owner = zeroq.Leased, who
		if task == suspect {
			who.suspect = task
		}
	}
	if m.limits.Rate > 0 && len(kept) > 0 {
		m.tokens = m.bucket() - len(kept)
	}
	return kept, len(taken) > 0
}

// busy tells whether a member has a suspect.
func (who *modelMember) busy() bool { return who.suspect != nil && who.suspect.owner == who }

func (m *model) pop(taken []*modelTask, most int, lists ...string) []*modelTask {
	for _, list := range lists {
		for len(taken) < most && len(m.lists[list]) > 0 {
			if next := m.lists[list][0]; next != wakes {
				taken = append(taken, next)
			}
			m.lists[list] = m.lists[list][1:]
		}
	}
	return taken
}

// claimAll says which of the tasks the worker gets, in order: bare messages come last, and of these the
// unreadable first.
func (m *model) claimAll(who *modelMember, kept []*modelTask, got map[*modelTask]*broker.Delivery) []*modelTask {
	var admitted, unreadable, claimed []*modelTask
	for _, task := range kept {
		switch {
		case !task.bare:
			admitted = append(admitted, task)
		case task.unreadable:
			unreadable = append(unreadable, task)
		case m.claim(task, got[task]):
			claimed = append(claimed, task)
		}
	}
	return slices.Concat(admitted, unreadable, claimed)
}

// claim admits a bare message, and reports whether the worker has it then. A delay of a moment may be over
// by the time that it is claimed.
func (m *model) claim(task *modelTask, d *broker.Delivery) bool {
	if task.asks != "" && m.taken(task.asks) {
		m.wantError(d, zeroq.ErrDuplicateID)
		return true
	}
	holder, held := m.holder(task.unique)
	if held && (holder.mode != "d" || task.unique.Mode != zeroq.Debounce) {
		m.wantError(d, &zeroq.DuplicateError{TaskID: holder.id})
		return true
	}
	task.bare, task.owner = false, nil
	task.soon = task.delay == "soon"
	if held {
		m.replace(holder, task)
		return false
	}
	if d == nil && task.delay != "" {
		task.state = zeroq.Scheduled
		switch {
		case task.asks != "":
			task.id = task.asks
		case task.unique != nil: // a debounced one may have been replaced since
			task.id = m.client.Get(m.Context(), m.keys.unique+lockOf(task.unique)[1:]).Val()[1:]
		default:
			task.id = m.idOf(m.keys.scheduledD, task)
		}
	} else if d == nil || task.delay == "late" {
		m.Fatalf("task %d was not claimed as it asks (%v)", task.number, d)
	} else {
		task.owner = m.ownerOf(d)
		task.state, task.id = zeroq.Leased, d.Task.ID
	}
	m.byID[task.id] = task
	m.lock(task)
	return d != nil
}

func (m *model) ownerOf(d *broker.Delivery) *modelMember {
	for _, who := range slices.Concat(m.alive, m.dead) {
		if who.lease != nil && who.lease.group == d.Lease {
			return who
		}
	}
	return nil
}

func (m *model) wantError(d *broker.Delivery, want error) {
	m.Helper()
	if d == nil || !sameError(d.Err, want) {
		m.Fatalf("a claim answered %+v, want %v", d, want)
	}
}

// idOf finds the id under which a hash has the task.
func (m *model) idOf(hash string, task *modelTask) string {
	for id, message := range m.client.HGetAll(m.Context(), hash).Val() {
		if numberIn(message) == task.number {
			return id
		}
	}
	m.Fatalf("%s has no task %d", hash, task.number)
	return ""
}

// commitSome starts some tasks, which frees unique keys that are held until then.
func (m *model) commitSome() {
	who := m.someMember()
	var starting []*broker.Delivery
	for _, d := range who.held {
		if d.Err == nil && m.chance(2) {
			starting = append(starting, d)
		}
	}
	_, err := who.Commit(m.Context(), starting)
	m.must(err)
	for _, d := range starting {
		if task := m.of(d.Raw); task.unique != nil && task.unique.Mode == zeroq.UntilStarted {
			m.unlock(task)
		}
	}
}

// wait lets a worker be woken, where it does not have to wait.
func (m *model) wait() {
	ready := m.lists[listReady]
	if len(ready) == 0 {
		return
	}
	who := m.someMember()
	found, err := who.Wait(m.Context())
	if err != nil && m.server != nil {
		found, err = who.Wait(m.Context()) // its connection was broken
	}
	m.must(err)
	if !found {
		m.Fatal("nobody was woken")
	}
	m.lists[listReady], m.lists[listLanding] = ready[1:], append(m.lists[listLanding], ready[0])
}

// yield gives up what woke a worker.
func (m *model) yield() {
	landing := m.lists[listLanding]
	m.must(m.someMember().Yield(m.Context()))
	if len(landing) == 0 {
		return
	}
	last := len(landing) - 1
	ready := m.lists[listReady]
	if len(ready) > 0 && ready[0] == wakes {
		ready = ready[1:]
	}
	m.lists[listReady] = slices.Insert(slices.Clone(ready), 0, landing[last])
	m.lists[listLanding] = landing[:last]
}
