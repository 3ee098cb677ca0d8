package redisq

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// modelTask is a task, known by the number in its data.
type modelTask struct {
	number   int
	state    zeroq.State  // "": it is gone
	owner    *modelMember // while it is leased
	id       string       // once it is known
	priority zeroq.Priority
	unique   *zeroq.Unique
	soon     bool // waits for a moment, not for an hour
	brief    bool // is forgotten soon after its end

	// Of a message that was not admitted:
	bare       bool
	asks       string // the id that it asks for
	delay      string // "soon" or "late"
	unreadable bool

	listed   bool // its message lies on a ready list
	crashes  int
	stopping bool // called off while it is leased
	progress bool
}

// wakes is no task: it wakes a worker.
var wakes = &modelTask{number: -1}

// modelLock is who has a unique key.
type modelLock struct{ key, mode, id string }

// The ready lists, as in keys.
const (
	listReady   = "ready"
	listHigh    = "ready:high"
	listLow     = "ready:low"
	listSuspect = "suspect"
	listLanding = "landing"
)

var modelLists = []string{listReady, listHigh, listLow, listSuspect, listLanding}

// list is where the task waits while it is ready.
func (t *modelTask) list() string {
	switch {
	case t.bare || t.priority == zeroq.Normal:
		return listReady
	case t.priority == zeroq.High:
		return listHigh
	}
	return listLow
}

// withdrawn: its message is still on a list, and is to be dropped.
func (t *modelTask) withdrawn() bool { return t.listed && t.state != zeroq.Ready }

// numberIn finds the number of a task in its message.
func numberIn(message string) int {
	if message == "" {
		return wakes.number
	}
	_, rest, _ := strings.Cut(message, `"n":`)
	number, _, ok := strings.Cut(rest, "}")
	n := -1
	if _, err := fmt.Sscan(number, &n); err != nil || !ok {
		panic("no number in " + message)
	}
	return n
}

func (m *model) of(message []byte) *modelTask { return m.tasks[numberIn(string(message))] }

func (m *model) in(state zeroq.State) (all []*modelTask) {
	for _, task := range m.tasks {
		if task.state == state {
			all = append(all, task)
		}
	}
	return all
}

func (m *model) waiting() int {
	return len(m.in(zeroq.Ready)) + len(m.in(zeroq.Scheduled)) + len(m.in(zeroq.Retry))
}

// listed is how many messages lie on lists.
func (m *model) listed() (n int) {
	for _, list := range modelLists {
		for _, task := range m.lists[list] {
			if task != wakes {
				n++
			}
		}
	}
	return n
}

func (m *model) newTask(state zeroq.State) *modelTask {
	task := &modelTask{number: len(m.tasks), state: state, priority: zeroq.Normal}
	m.tasks = append(m.tasks, task)
	return task
}

// append puts tasks at the ends of their lists; whoever blocks on the normal one is woken.
func (m *model) append(tasks ...*modelTask) {
	for _, task := range tasks {
		task.state, task.listed = zeroq.Ready, true
		m.lists[task.list()] = append(m.lists[task.list()], task)
	}
	m.wakeFor(len(m.lists[listHigh])+len(m.lists[listLow]) > 0 && slices.ContainsFunc(tasks, func(t *modelTask) bool {
		return t.list() != listReady
	}))
}

func (m *model) wakeFor(elsewhere bool) {
	if elsewhere && len(m.lists[listReady]) == 0 {
		m.lists[listReady] = []*modelTask{wakes}
	}
}

// prepend puts tasks that are handed back where they are next.
func (m *model) prepend(tasks []*modelTask) {
	for _, task := range slices.Backward(tasks) {
		list := task.list()
		if task.crashes > 1 {
			list = listSuspect
		}
		task.state, task.listed = zeroq.Ready, true
		if first := m.lists[list]; list == listReady && len(first) > 0 && first[0] == wakes {
			m.lists[list] = first[1:]
		}
		m.lists[list] = slices.Insert(slices.Clone(m.lists[list]), 0, task)
	}
	m.wakeFor(len(tasks) > 0)
}

// adopt takes over the order that a list has, of tasks that came to its front or end in no order that the
// model could foretell.
func (m *model) adopt(list string, front, back []*modelTask) {
	m.Helper()
	found := m.actual(list)
	old := slices.DeleteFunc(slices.Clone(m.lists[list]), func(t *modelTask) bool { return t == wakes })
	tasks := slices.DeleteFunc(slices.Clone(found), func(t *modelTask) bool { return t == wakes })
	ok := len(tasks) == len(front)+len(old)+len(back)
	ok = ok && same(tasks[:len(front)], front) && slices.Equal(tasks[len(front):len(front)+len(old)], old)
	if !ok || !same(tasks[len(front)+len(old):], back) {
		m.Fatalf("%s holds %s, want %s, then %s, then %s", list, numbers(found), numbers(front), numbers(old), numbers(back))
	}
	for _, task := range slices.Concat(front, back) {
		task.state, task.listed = zeroq.Ready, true
	}
	m.lists[list] = found
}

// actual reads a list, the next one first.
func (m *model) actual(list string) (tasks []*modelTask) {
	for _, message := range slices.Backward(m.client.LRange(m.Context(), m.keys.prefix+list, 0, -1).Val()) {
		if message == "" {
			tasks = append(tasks, wakes)
		} else {
			tasks = append(tasks, m.of([]byte(message)))
		}
	}
	return tasks
}

func same(a, b []*modelTask) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(t *modelTask) bool { return !slices.Contains(b, t) })
}

func numbers(tasks []*modelTask) string {
	var all []int
	for _, task := range tasks {
		all = append(all, task.number)
	}
	return fmt.Sprint(all)
}

// holder is who has a unique key; false when it may be taken.
func (m *model) holder(u *zeroq.Unique) (modelLock, bool) {
	if u == nil {
		return modelLock{}, false
	}
	lock, locked := m.locks[u.Key]
	owner := m.byID[lock.id]
	switch {
	case !locked, lock.mode == "d" && (owner == nil || owner.state != zeroq.Scheduled):
		return lock, false
	case lock.mode != "t" && (owner == nil || owner.state.Finished()):
		return lock, false
	}
	return lock, true
}

func (m *model) lock(task *modelTask) {
	if u := task.unique; u != nil {
		m.locks[u.Key] = modelLock{key: m.keys.unique + lockOf(u)[1:], mode: lockOf(u)[:1], id: task.id}
	}
}

func (m *model) unlock(task *modelTask) {
	if u := task.unique; u != nil && m.locks[u.Key].id == task.id {
		delete(m.locks, u.Key)
	}
}

// finish ends a task.
func (m *model) finish(task *modelTask, state zeroq.State) {
	if task.unique != nil && (task.unique.Mode != zeroq.ForTime || state == zeroq.Cancelled) {
		m.unlock(task)
	}
	task.state, task.owner, task.crashes, task.stopping, task.progress, task.bare = state, nil, 0, false, false, false
	if state == zeroq.Succeeded && task.brief {
		m.fade(task)
	}
}

// fade waits until the retention of a task that has just succeeded is over.
func (m *model) fade(task *modelTask) {
	over := m.Now().Add(3 * time.Millisecond)
	m.until("a short retention is over", func() bool {
		m.must(m.Ping(m.Context()))
		return m.Now().After(over)
	})
	m.forget(task.id)
	m.fading[task.id] = task
}

// forget drops what the model knows of an id.
func (m *model) forget(id string) {
	if older := m.fading[id]; older != nil {
		older.state = ""
	}
	delete(m.fading, id)
	delete(m.byID, id)
}
