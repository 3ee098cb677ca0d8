package redisq

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

var modelSeed = flag.Uint64("model.seed", 0, "repeat the model test with this seed")

// Random operations on a real queue, beside a model that only knows where each task must be. After each
// of them:
//
//   - the counts of the queue are those of the model.
//
// And every so often, by looking at every key:
//
//   - every task that was accepted is in exactly one place, and it is the place that the model has;
//   - no task has two owners, and its owner is the one that the model has;
//   - whoever lost a lease has changed nothing since.
func TestModel_EveryTaskIsInExactlyOnePlace(t *testing.T) {
	t.Parallel()
	const runs, operations = 4, 1000
	for range runs {
		seed := *modelSeed
		if seed == 0 {
			seed = rand.Uint64()
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, seed)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("repeat with -model.seed=%d; the last operations: %s", seed, strings.Join(m.log[max(0, len(m.log)-20):], ", "))
				}
			})
			for n := range operations {
				m.step()
				if n%25 == 0 {
					m.checkPlaces()
				}
			}
			m.finishAll()
		})
	}
}

// modelLease is short: whoever is to be taken for dead is so soon.
const modelLease = 40 * time.Millisecond

type model struct {
	*rig
	rng    *rand.Rand
	log    []string
	tasks  []*modelTask
	byID   map[string]*modelTask // those whose id is known
	alive  []*modelMember
	dead   []*modelMember // killed, and not reaped yet
	ghosts []*modelMember // reaped
	reaper broker.Reaper
	born   int
}

// modelTask is a task, known by the number in its data.
type modelTask struct {
	number int
	state  zeroq.State
	owner  *modelMember // while it is leased
	soon   bool         // waits for a moment, not for an hour
	delay  string       // of a bare message that was not looked at yet: "soon" or "late"
	id     string       // once it is known
}

type modelMember struct {
	*member
	name string
	left bool // in order, but with tasks at hand
	held []*broker.Delivery
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{rig: newRig(t), rng: rand.New(rand.NewPCG(seed, 0)), byID: make(map[string]*modelTask)}
	// Every fifth call of a script is sent twice, but for those that answer with what they have done.
	again := rand.New(rand.NewPCG(seed, 1))
	attach(m.Broker, func(script string) bool { return again.IntN(5) == 0 && script != "promote" })
	m.reaper = m.NewReaper("q", "undertaker", modelLease)
	m.newMember()
	return m
}

func (m *model) step() {
	m.Helper()
	steps := []struct {
		weight int
		name   string
		do     func()
	}{
		{6, "enqueue", m.enqueue}, {4, "push", m.pushBare}, {10, "fetch", m.fetchSome}, {8, "settle", m.settleSome},
		{3, "promote", m.promote}, {1, "join", m.newMember}, {1, "kill", m.kill}, {1, "reap", m.reap},
		{2, "dead one settles", m.deadSettles}, {1, "ghost settles", m.ghostSettles},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := m.rng.IntN(total)
	for _, s := range steps {
		if at -= s.weight; at < 0 {
			m.log = append(m.log, s.name)
			s.do()
			break
		}
	}
	m.checkCounts()
}

func (m *model) newMember() {
	m.born++
	name := fmt.Sprintf("w%d", m.born%3) // names come again
	m.alive = append(m.alive, &modelMember{member: m.joinFor(name, broker.AtLeastOnce, modelLease), name: name})
}

func (m *model) newTask(state zeroq.State) *modelTask {
	task := &modelTask{number: len(m.tasks), state: state}
	m.tasks = append(m.tasks, task)
	return task
}

// enqueue puts in a few tasks of all kinds with one call; a chosen id may be taken.
func (m *model) enqueue() {
	var sent []*zeroq.Task
	var want []*modelTask // nil: refused
	for range 1 + m.rng.IntN(6) {
		var options []zeroq.Option
		task := &modelTask{number: len(m.tasks), state: zeroq.Ready}
		if m.rng.IntN(3) == 0 {
			task.state, task.soon = zeroq.Scheduled, m.rng.IntN(2) == 0
			options = append(options, zeroq.Delay(delayOf(task.soon)))
		}
		taken := false
		if m.rng.IntN(3) == 0 {
			task.id = fmt.Sprintf("chosen-%d", m.rng.IntN(300))
			_, taken = m.byID[task.id]
			options = append(options, zeroq.ID(task.id))
		}
		one := newTask(options...)
		one.Data = fmt.Appendf(nil, `{"n":%d}`, task.number)
		sent, want = append(sent, one), append(want, task)
		if taken {
			want[len(want)-1] = nil
			continue
		}
		m.tasks = append(m.tasks, task)
		if task.id != "" {
			m.byID[task.id] = task
		}
	}
	for i, err := range m.Enqueue(m.Context(), sent) {
		if want[i] == nil && !errors.Is(err, zeroq.ErrDuplicateID) || want[i] != nil && err != nil {
			m.Fatalf("enqueue of %s: %v", sent[i].ID, err)
		}
		if want[i] != nil {
			want[i].id = sent[i].ID
			m.byID[sent[i].ID] = want[i]
		}
	}
}

func delayOf(soon bool) time.Duration {
	if soon {
		return time.Millisecond
	}
	return time.Hour
}

// pushBare puts a message on the list as anybody may: with and without an id, with a delay, with an id
// that is taken, or one that is no task at all.
func (m *model) pushBare() {
	task := m.newTask(zeroq.Ready)
	message := fmt.Sprintf(`{"type":"echo","data":{"n":%d}`, task.number)
	switch m.rng.IntN(5) {
	case 0:
		task.id = fmt.Sprintf("bare-%d", task.number)
		message += `,"id":"` + task.id + `"`
	case 1:
		task.id, task.delay = fmt.Sprintf("bare-%d", task.number), []string{"soon", "late"}[m.rng.IntN(2)]
		message += fmt.Sprintf(`,"id":"%s","delay":"%s"`, task.id, delayOf(task.delay == "soon"))
	case 2:
		if taken := m.tasks[m.rng.IntN(len(m.tasks))].id; strings.HasPrefix(taken, "chosen") {
			message += `,"id":"` + taken + `"`
		}
	case 3:
		m.push(fmt.Sprintf(`unreadable "n":%d}`, task.number))
		return
	}
	m.push(message + "}")
}

// numberIn finds the number of a task in its message.
func numberIn(message string) int {
	_, rest, _ := strings.Cut(message, `"n":`)
	number, _, ok := strings.Cut(rest, "}")
	n := -1
	if _, err := fmt.Sscan(number, &n); err != nil || !ok {
		panic("no number in " + message)
	}
	return n
}

func (m *model) in(state zeroq.State) (all []*modelTask) {
	for _, task := range m.tasks {
		if task.state == state {
			all = append(all, task)
		}
	}
	return all
}

func (m *model) fetchSome() {
	if len(m.alive) == 0 {
		m.newMember()
	}
	m.fetchFor(m.alive[m.rng.IntN(len(m.alive))], 1+m.rng.IntN(8))
}

func (m *model) fetchFor(who *modelMember, n int) {
	want := min(n, len(m.in(zeroq.Ready)))
	deliveries, err := who.Fetch(m.Context(), n)
	m.must(err)
	got := len(deliveries)
	for _, d := range deliveries {
		task := m.tasks[numberIn(string(d.Raw))]
		// A delay of a moment may be over by the time that a bare message is claimed.
		if task.state != zeroq.Ready || task.delay == "late" {
			m.Fatalf("task %d was handed out and is %s (%q)", task.number, task.state, task.delay)
		}
		task.state, task.owner, task.delay = zeroq.Leased, who, ""
		if d.Task != nil {
			task.id = d.Task.ID
			m.byID[task.id] = task
		}
		who.held = append(who.held, d)
	}
	for _, task := range m.in(zeroq.Ready) {
		if task.delay != "" && m.client.HExists(m.Context(), m.keys.scheduledD, task.id).Val() {
			task.state, task.soon, task.delay = zeroq.Scheduled, task.delay == "soon", ""
			got++
		}
	}
	if got != want {
		m.Fatalf("%d tasks were taken, want %d", got, want)
	}
}

// outcomesOf decides what becomes of some of a member's deliveries.
func (m *model) outcomesOf(who *modelMember) (outcomes []broker.Outcome, become func()) {
	m.rng.Shuffle(len(who.held), func(i, j int) { who.held[i], who.held[j] = who.held[j], who.held[i] })
	var changes []func()
	n := m.rng.IntN(len(who.held) + 1)
	for _, d := range who.held[:n] {
		task := m.tasks[numberIn(string(d.Raw))]
		state := []zeroq.State{zeroq.Succeeded, zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Ready}[m.rng.IntN(6)]
		if d.Err != nil && state != zeroq.Ready {
			state = zeroq.Dead
		}
		o, soon := outcome(who, d, state), m.rng.IntN(2) == 0
		if state == zeroq.Retry {
			o.NextAttempt, o.RunAt = d.Task.Attempt+1, who.Now().Add(delayOf(soon))
		}
		outcomes = append(outcomes, o)
		changes = append(changes, func() { task.state, task.owner, task.soon = state, nil, soon })
	}
	return outcomes, func() {
		who.held = slices.Clone(who.held[n:])
		for _, change := range changes {
			change()
		}
	}
}

func (m *model) settleSome() {
	if len(m.alive) == 0 {
		return
	}
	who := m.alive[m.rng.IntN(len(m.alive))]
	m.settleFor(who)
}

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
	m.unchanged("a ghost", func() {
		if err := who.Settle(m.Context(), outcomes); !errors.Is(err, zeroq.ErrLeaseLost) {
			m.Fatalf("a ghost settled: %v", err)
		}
	}, m.keys.sequence) // ids for what it could not read are given out before
}

// kill takes a member away, sometimes in order but with tasks at hand.
func (m *model) kill() {
	if len(m.alive) == 0 {
		return
	}
	i := m.rng.IntN(len(m.alive))
	who := m.alive[i]
	m.alive = slices.Delete(m.alive, i, i+1)
	if who.left = m.rng.IntN(2) == 0; who.left {
		m.must(who.Leave(m.Context()))
	}
	m.dead = append(m.dead, who)
}

// reap lets the reaper look until every dead member's lease is gone. Live ones beat between its looks.
func (m *model) reap() {
	m.until("the dead are reaped", func() bool {
		for _, who := range m.alive {
			m.must(who.Beat(m.Context()))
		}
		_, err := m.reaper.Reap(m.Context())
		m.must(err)
		n, err := m.LiveWorkers(m.Context(), "q")
		m.must(err)
		return n == len(m.alive)
	})
	for _, task := range m.in(zeroq.Leased) {
		if slices.Contains(m.dead, task.owner) {
			task.state, task.owner = zeroq.Ready, nil
		}
	}
	m.ghosts, m.dead = append(m.ghosts, m.dead...), nil
}

func (m *model) promote() {
	var due []*modelTask
	for _, task := range slices.Concat(m.in(zeroq.Scheduled), m.in(zeroq.Retry)) {
		if task.soon {
			due = append(due, task)
		}
	}
	moved := 0
	m.until("what is due is promoted", func() bool {
		n, err := m.Promote(m.Context(), "q")
		m.must(err)
		moved += n
		return moved >= len(due)
	})
	if moved != len(due) {
		m.Fatalf("%d were promoted, %d are due", moved, len(due))
	}
	for _, task := range due {
		task.state, task.soon = zeroq.Ready, false
	}
}

func (m *model) checkCounts() {
	m.Helper()
	info, err := m.Queue(m.Context(), "q")
	m.must(err)
	for _, state := range zeroq.States {
		if want := len(m.in(state)); info.Counts[state] != int64(want) {
			m.Fatalf("after %s: %d are %s, want %d", m.log[len(m.log)-1], info.Counts[state], state, want)
		}
	}
}

// checkPlaces looks at every key for every task.
func (m *model) checkPlaces() {
	m.Helper()
	ctx, places := m.Context(), make(map[int][]string)
	note := func(place string, messages ...string) {
		for _, message := range messages {
			places[numberIn(message)] = append(places[numberIn(message)], place)
		}
	}
	note("ready", m.client.LRange(ctx, m.keys.ready, 0, -1).Val()...)
	note("ready", m.client.LRange(ctx, m.keys.landing, 0, -1).Val()...)
	note("scheduled", m.client.HVals(ctx, m.keys.scheduledD).Val()...)
	note("retry", m.client.HVals(ctx, m.keys.retryD).Val()...)
	for _, key := range m.client.Keys(ctx, m.keys.inflight+"*").Val() {
		for field, message := range m.client.HGetAll(ctx, key).Val() {
			if field[0] != '#' {
				note("leased by "+strings.TrimPrefix(key, m.keys.inflight), message)
			}
		}
	}
	for id, message := range m.client.HGetAll(ctx, m.keys.parked).Val() {
		for state, index := range map[string]string{"dead": m.keys.dead, "expired": m.keys.expired} {
			if m.client.ZScore(ctx, index, id).Err() == nil {
				note(state, message)
			}
		}
	}
	done := append(m.client.LRange(ctx, m.keys.finished, 0, -1).Val(), m.client.ZRange(ctx, m.keys.finishedAt, 0, -1).Val()...)
	for _, id := range done {
		note("succeeded", fmt.Sprintf(`"n":%d}`, m.byID[id].number))
	}
	for _, task := range m.tasks {
		want := string(task.state)
		if task.owner != nil {
			want += " by " + task.owner.leaseOf(task)
		}
		if got := places[task.number]; len(got) != 1 || got[0] != want {
			m.Fatalf("task %d is in %q, want %s", task.number, got, want)
		}
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

// finishAll brings every task to an end that can have one.
func (m *model) finishAll() {
	m.log = append(m.log, "finish all")
	m.reap()
	for len(m.in(zeroq.Ready))+len(m.in(zeroq.Leased)) > 0 {
		m.newMember()
		who := m.alive[len(m.alive)-1]
		m.fetchFor(who, 512)
		for _, who := range m.alive {
			for len(who.held) > 0 {
				m.settleFor(who)
			}
		}
		m.promote()
	}
	m.checkCounts()
	m.checkPlaces()
	for _, who := range m.alive {
		m.must(who.Leave(m.Context()))
	}
	for _, name := range m.names() {
		if strings.HasPrefix(name, m.keys.inflight) || name == m.keys.groups || name == m.keys.landing {
			m.Errorf("%s is left", name)
		}
	}
}
