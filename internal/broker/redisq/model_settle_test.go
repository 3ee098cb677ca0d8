package redisq

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// outcomesOf decides what becomes of some of a member's deliveries.
func (m *model) outcomesOf(who *modelMember) (outcomes []broker.Outcome, become func()) {
	m.rng.Shuffle(len(who.held), func(i, j int) { who.held[i], who.held[j] = who.held[j], who.held[i] })
	var back []*modelTask
	var changes []func()
	n := m.rng.IntN(len(who.held) + 1)
	for _, d := range who.held[:n] {
		task, state := m.of(d.Raw), m.someOutcome(d)
		o, soon := outcome(who, d, state), m.chance(2)
		if o.Failure != nil {
			o.Failure.Message = "boom " + string(rune('a'+task.number%3))
		}
		if state == zeroq.Retry {
			o.NextAttempt, o.RunAt = d.Task.Attempt+1, who.Now().Add(delayOf(soon))
		}
		outcomes = append(outcomes, o)
		if task.stopping && (state == zeroq.Ready || state == zeroq.Retry) {
			state = zeroq.Cancelled
		}
		switch state {
		case zeroq.Ready:
			back = append(back, task)
		case zeroq.Retry:
			changes = append(changes, func() {
				task.state, task.owner, task.soon, task.progress, task.crashes = state, nil, soon, false, 0
			})
		default:
			changes = append(changes, func() { m.settled(task, d, state) })
		}
	}
	return outcomes, func() {
		who.held = slices.Clone(who.held[n:])
		for _, task := range back {
			task.owner, task.progress = nil, false
		}
		m.prepend(back)
		for _, change := range changes {
			change()
		}
		m.wakeFor(n > 0 && !who.busy() && len(m.lists[listSuspect]) > 0)
	}
}

func (m *model) someOutcome(d *broker.Delivery) zeroq.State {
	states := []zeroq.State{
		zeroq.Succeeded, zeroq.Succeeded, zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Ready,
	}
	switch {
	case d.Err != nil && d.Task != nil:
		states = []zeroq.State{zeroq.Cancelled, zeroq.Cancelled, zeroq.Ready}
	case d.Err != nil:
		states = []zeroq.State{zeroq.Dead, zeroq.Dead, zeroq.Ready}
	case m.of(d.Raw).crashes > 1:
		states = append(states, zeroq.Ready, zeroq.Ready, zeroq.Ready)
	}
	return states[m.rng.IntN(len(states))]
}

// settled ends a task; one that was never admitted has its id from here on.
func (m *model) settled(task *modelTask, d *broker.Delivery, state zeroq.State) {
	if task.bare && d.Task != nil {
		task.id = d.Task.ID
	} else if task.bare {
		task.id, task.unique, task.priority = m.idOf(m.keys.parked, task), nil, m.priorityIn(d)
	}
	m.byID[task.id] = task
	m.finish(task, state)
}

// priorityIn is what a message that was never admitted asks for.
func (m *model) priorityIn(d *broker.Delivery) zeroq.Priority {
	probe := broker.Delivery{Raw: d.Raw}
	if read(&probe, "q"); probe.Task == nil {
		return zeroq.Normal
	}
	return probe.Task.Priority
}

func (m *model) settleSome() { m.settleFor(m.someMember()) }

func (m *model) settleFor(who *modelMember) {
	outcomes, become := m.outcomesOf(who)
	m.must(who.Settle(m.Context(), outcomes))
	become()
}

// deadSettles: a worker that was killed may have a last call under way. As long as nobody has taken its
// lease, the call counts.
func (m *model) deadSettles() {
	for _, who := range m.dead {
		if !who.left {
			m.settleFor(who)
			return
		}
	}
}

// ghostSettles: once its lease was taken, nothing that it says counts.
func (m *model) ghostSettles() {
	if len(m.ghosts) == 0 {
		return
	}
	who := m.ghosts[m.rng.IntN(len(m.ghosts))]
	outcomes, _ := m.outcomesOf(who)
	if len(outcomes) == 0 {
		return
	}
	var admitted []*broker.Delivery
	for _, o := range outcomes {
		if o.Delivery.Err == nil {
			admitted = append(admitted, o.Delivery)
		}
	}
	m.unchanged("a ghost", func() {
		_, err := who.Commit(m.Context(), admitted)
		m.must(err)
		m.must(who.Report(m.Context(), outcomes[0].Delivery.Lease, reports(admitted)))
		if err := who.Settle(m.Context(), outcomes); !errors.Is(err, zeroq.ErrLeaseLost) {
			m.Fatalf("a ghost settled: %v", err)
		}
	}, m.keys.sequence) // ids for what it could not read are given out before
}

func reports(deliveries []*broker.Delivery) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage)
	for _, d := range deliveries {
		all[d.Receipt] = fmt.Appendf(nil, `{"n":%d}`, numberIn(string(d.Raw)))
	}
	return all
}

// reportSome reports progress of all that a member has.
func (m *model) reportSome() {
	who := m.someMember()
	var admitted []*broker.Delivery
	for _, d := range who.held {
		if d.Err == nil {
			admitted = append(admitted, d)
			m.of(d.Raw).progress = true
		}
	}
	if len(admitted) > 0 {
		m.must(who.Report(m.Context(), admitted[0].Lease, reports(admitted)))
	}
}

// kill takes a member away, sometimes in order but with tasks at hand.
func (m *model) kill() {
	if len(m.alive) == 0 {
		return
	}
	i := m.rng.IntN(len(m.alive))
	who := m.alive[i]
	m.alive = slices.Delete(m.alive, i, i+1)
	if who.left = m.chance(2); who.left {
		m.must(who.Leave(m.Context()))
	}
	m.dead = append(m.dead, who)
}

// reap lets the reaper look until every dead member's lease is gone, and nothing is left of what woke
// somebody. Live ones beat between its looks.
func (m *model) reap() {
	m.until("the dead are reaped", func() bool {
		for _, who := range m.alive {
			m.must(who.Beat(m.Context()))
		}
		_, err := m.reaper.Reap(m.Context())
		m.must(err)
		n := m.client.ZCard(m.Context(), m.keys.groups).Val()
		return int(n) == len(m.alive) && m.client.LLen(m.Context(), m.keys.landing).Val() == 0
	})
	front := make(map[string][]*modelTask)
	for _, task := range m.lists[listLanding] {
		if task != wakes {
			front[listReady] = append(front[listReady], task)
		}
	}
	delete(m.lists, listLanding)
	for _, task := range m.in(zeroq.Leased) {
		if slices.Contains(m.dead, task.owner) {
			if list := m.orphaned(task); list != "" {
				front[list] = append(front[list], task)
			}
		}
	}
	withdrawn := slices.DeleteFunc(slices.Clone(front[listReady]), func(t *modelTask) bool { return !t.withdrawn() })
	states := make(map[*modelTask]zeroq.State)
	for _, task := range withdrawn {
		states[task] = task.state
	}
	for _, list := range modelLists {
		m.adopt(list, front[list], nil)
	}
	for task, state := range states {
		task.state = state
	}
	m.ghosts, m.dead = append(m.ghosts, m.dead...), nil
}

// orphaned is what becomes of a task whose worker died: the list that it is on then, or "" when it is
// over.
func (m *model) orphaned(task *modelTask) string {
	task.owner, task.progress = nil, false
	if task.bare {
		return listReady
	}
	task.crashes++
	switch {
	case task.crashes >= maxCrashes:
		m.finish(task, zeroq.Dead)
		return ""
	case task.stopping:
		m.finish(task, zeroq.Cancelled)
		return ""
	case task.crashes > 1:
		return listSuspect
	}
	return task.list()
}

func (m *model) promote() {
	back := make(map[string][]*modelTask)
	due := 0
	for _, task := range slices.Concat(m.in(zeroq.Scheduled), m.in(zeroq.Retry)) {
		if task.soon {
			task.soon = false
			back[task.list()] = append(back[task.list()], task)
			due++
		}
	}
	moved := 0
	m.until("what is due is promoted", func() bool {
		n, err := m.Promote(m.Context(), "q")
		m.must(err)
		moved += n
		return moved >= due
	})
	if moved != due {
		m.Fatalf("%d were promoted, %d are due", moved, due)
	}
	for _, list := range modelLists {
		m.adopt(list, nil, back[list])
	}
}
