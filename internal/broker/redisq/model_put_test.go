package redisq

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// enqueue puts in a few tasks of all kinds with one call.
func (m *model) enqueue() {
	var sent []*zeroq.Task
	var tasks, special, plain []*modelTask
	debounced, asked := false, make(map[string]bool)
	for range 1 + m.rng.IntN(6) {
		task := m.newTask("")
		sent, tasks = append(sent, m.compose(task, !debounced, asked)), append(tasks, task)
		if task.asks == "" && task.unique == nil {
			plain = append(plain, task)
		} else {
			special = append(special, task)
			debounced = debounced || task.unique != nil && task.unique.Mode == zeroq.Debounce
		}
	}
	errs := m.Enqueue(m.Context(), sent)
	for i, task := range tasks {
		task.id = sent[i].ID
	}
	want := make(map[*modelTask]error)
	for _, task := range special {
		want[task] = m.putSpecial(task)
	}
	m.putPlain(plain, want)
	for i, task := range tasks {
		if !sameError(errs[i], want[task]) {
			m.Fatalf("enqueue of %d (id %q, unique %+v): %v, want %v", task.number, task.asks, task.unique, errs[i], want[task])
		}
	}
}

// sameError reports whether two errors say the same.
func sameError(got, want error) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.Error() == want.Error() && (errors.Is(got, want) || errors.As(got, new(*zeroq.DuplicateError)) || errors.As(got, new(*zeroq.StateError)))
}

// compose decides what kind of task it is. Two of one call do not ask for the same id or take each other's
// place: sent again, the first would be told of the second.
func (m *model) compose(task *modelTask, mayDebounce bool, asked map[string]bool) *zeroq.Task {
	task.priority = m.somePriority()
	options := []zeroq.Option{zeroq.Prioritized(task.priority)}
	if m.chance(4) {
		task.unique = someUnique(m.rng)
		if task.unique.Mode == zeroq.Debounce && !mayDebounce {
			task.unique.Mode = zeroq.UntilFinished
		}
	}
	if m.chance(3) || task.unique != nil && task.unique.Mode == zeroq.Debounce {
		task.delay, task.soon = "late", m.chance(2)
		options = append(options, zeroq.Delay(delayOf(task.soon)))
	}
	if id := m.someChosen(); m.chance(3) && !asked[id] {
		task.asks, asked[id] = id, true
		options = append(options, zeroq.ID(id))
	}
	if task.brief = m.chance(10); task.brief {
		options = append(options, zeroq.Retention(time.Millisecond))
	}
	if m.chance(10) {
		options = append(options, zeroq.ExpiresAt(m.Now().Add(time.Hour)))
	}
	one := newTask(options...)
	one.Unique = task.unique
	one.Data = fmt.Appendf(nil, `{"n":%d}`, task.number)
	return one
}

// someChosen is one of a few ids that producers choose, now and then that of a task whose message is still to
// be dropped.
func (m *model) someChosen() string {
	if m.chance(3) {
		for _, task := range m.tasks {
			if task.withdrawn() && strings.HasPrefix(task.id, "chosen") {
				return task.id
			}
		}
	}
	return fmt.Sprintf("chosen-%d", m.rng.IntN(100))
}

func (m *model) somePriority() zeroq.Priority {
	return []zeroq.Priority{zeroq.Normal, zeroq.Normal, zeroq.High, zeroq.Low}[m.rng.IntN(4)]
}

func someUnique(rng *rand.Rand) *zeroq.Unique {
	u := &zeroq.Unique{Key: fmt.Sprintf("key-%d", rng.IntN(6))}
	u.Mode = []zeroq.UniqueMode{zeroq.UntilStarted, zeroq.UntilFinished, zeroq.ForTime, zeroq.Debounce}[rng.IntN(4)]
	if u.Mode == zeroq.ForTime {
		u.For = time.Hour
	}
	return u
}

func delayOf(soon bool) time.Duration {
	if soon {
		return time.Millisecond
	}
	return time.Hour
}

// taken reports whether an id is a task's, or that of one whose message is still to be dropped.
func (m *model) taken(id string) bool {
	if m.byID[id] != nil {
		return true
	}
	for _, list := range m.lists {
		for _, task := range list {
			if task.id == id && task.withdrawn() {
				return true
			}
		}
	}
	return false
}

func (m *model) putSpecial(task *modelTask) error {
	if task.asks != "" && m.taken(task.asks) {
		return zeroq.ErrDuplicateID
	}
	if holder, held := m.holder(task.unique); held {
		if holder.mode != "d" || task.unique.Mode != zeroq.Debounce {
			return &zeroq.DuplicateError{TaskID: holder.id}
		}
		m.replace(holder, task)
		return nil
	}
	if m.draining && m.waiting()+len(m.in(zeroq.Leased)) > 0 {
		return zeroq.ErrDraining
	}
	if most := m.limits.MaxLength; most > 0 && m.waiting() >= most {
		return zeroq.ErrQueueFull
	}
	m.accept(task)
	m.lock(task)
	return nil
}

// replace puts a debounced task in the place of another.
func (m *model) replace(holder modelLock, task *modelTask) {
	if task.id != "" && task.id != holder.id {
		m.Fatalf("task %d took the place of %s, want %s", task.number, task.id, holder.id)
	}
	m.byID[holder.id].state = ""
	task.id, task.state, task.bare = holder.id, zeroq.Scheduled, false
	m.byID[holder.id] = task
}

func (m *model) accept(task *modelTask) {
	m.draining = false
	m.byID[task.id] = task
	if task.delay != "" {
		task.state = zeroq.Scheduled
	} else {
		m.append(task)
	}
}

func (m *model) putPlain(plain []*modelTask, want map[*modelTask]error) {
	refused, why := []*modelTask(nil), error(nil)
	if m.draining && m.waiting()+len(m.in(zeroq.Leased)) > 0 {
		plain, refused, why = nil, plain, zeroq.ErrDraining
	} else if most := m.limits.MaxLength; most > 0 && m.waiting()+len(plain) > most {
		room := max(0, most-m.waiting())
		plain, refused, why = plain[:room], plain[room:], zeroq.ErrQueueFull
	}
	for _, task := range refused {
		want[task] = why
	}
	for _, priority := range []zeroq.Priority{zeroq.Normal, zeroq.High, zeroq.Low} {
		for _, task := range plain {
			if task.priority == priority {
				m.accept(task)
			}
		}
	}
}

// pushBare puts a message on the list as anybody may: with and without an id, a priority, a unique key, a
// delay, with an id that is taken, or one that is no task at all.
func (m *model) pushBare() {
	task := m.newTask(zeroq.Ready)
	task.bare = true
	defer m.append(task)
	if m.chance(8) {
		task.unreadable = true
		m.push(fmt.Sprintf(`unreadable "n":%d}`, task.number))
		return
	}
	message := fmt.Sprintf(`{"type":"echo","data":{"n":%d}`, task.number)
	if task.priority = m.somePriority(); m.chance(2) {
		message += fmt.Sprintf(`,"priority":"%s"`, task.priority)
	} else {
		task.priority = zeroq.Normal
	}
	switch {
	case m.chance(3):
		task.asks = m.someChosen()
	case m.chance(3):
		task.asks = fmt.Sprintf("bare-%d", task.number)
	}
	// Who has a unique key that is taken is cancelled under the id that it asks for: that is its own here.
	if m.chance(3) && (task.asks == "" || task.asks[0] == 'b') {
		task.unique = someUnique(m.rng)
		message += fmt.Sprintf(`,"unique":{"key":"%s","mode":"%s"`, task.unique.Key, task.unique.Mode)
		if task.unique.For > 0 {
			message += `,"for":"1h"`
		}
		message += "}"
	}
	if m.chance(4) || task.unique != nil && task.unique.Mode == zeroq.Debounce {
		task.delay = []string{"soon", "late"}[m.rng.IntN(2)]
		message += fmt.Sprintf(`,"delay":"%s"`, delayOf(task.delay == "soon"))
	}
	if task.asks != "" {
		message += `,"id":"` + task.asks + `"`
	}
	m.push(message + "}")
}
