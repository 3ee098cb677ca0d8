package zeroqtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/zeroq-dev/zeroq"
)

// Enqueued returns the tasks of a type that were enqueued, in order, whatever became of them; those of
// all types for "". They are as they were enqueued, with their defaults, ids and times.
func (q *Queues) Enqueued(typ string) []*zeroq.Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	var tasks []*zeroq.Task
	for _, e := range q.entries {
		if typ == "" || e.sent.Type == typ {
			tasks = append(tasks, copyOf(e.sent))
		}
	}
	return tasks
}

// Tasks returns what is known of all tasks in these states, or of all, in the order in which they were
// enqueued.
func (q *Queues) Tasks(states ...zeroq.State) []*zeroq.TaskInfo {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.promote()
	var infos []*zeroq.TaskInfo
	for _, e := range q.entries {
		if len(states) == 0 || slices.Contains(states, e.state) {
			infos = append(infos, e.info())
		}
	}
	return infos
}

// Task returns what is known of a task. The test fails if there is none of the id.
func (q *Queues) Task(id string) *zeroq.TaskInfo {
	q.t.Helper()
	if info := q.lookUp(id); info != nil {
		return info
	}
	q.t.Fatalf("zeroqtest: there is no task %q; there are\n%s", id, q.describe(q.Tasks()))
	return nil
}

func (q *Queues) lookUp(id string) *zeroq.TaskInfo {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.promote()
	if e := q.find(id); e != nil {
		return e.info()
	}
	return nil
}

// WantEnqueued fails the test unless n tasks of the type were enqueued, and returns them.
func (q *Queues) WantEnqueued(typ string, n int) []*zeroq.Task {
	q.t.Helper()
	tasks := q.Enqueued(typ)
	if len(tasks) != n {
		q.t.Fatalf("zeroqtest: %d tasks of type %q were enqueued, want %d; there are\n%s", len(tasks), typ, n, q.describe(q.Tasks()))
	}
	return tasks
}

// WantState fails the test unless the task is in the state, and returns what is known of it.
func (q *Queues) WantState(id string, state zeroq.State) *zeroq.TaskInfo {
	q.t.Helper()
	info := q.Task(id)
	if info.State != state {
		q.t.Fatalf("zeroqtest: task %s is %s, want %s\n%s", id, info.State, state, history(info))
	}
	return info
}

// WantSucceeded fails the test unless every task has succeeded.
func (q *Queues) WantSucceeded() {
	q.t.Helper()
	others := slices.DeleteFunc(slices.Clone(zeroq.States), func(s zeroq.State) bool { return s == zeroq.Succeeded })
	if left := q.Tasks(others...); len(left) > 0 {
		q.t.Fatalf("zeroqtest: %d tasks have not succeeded:\n%s", len(left), q.describe(left))
	}
}

// waiting are the tasks that are yet to run.
func (q *Queues) waiting() []*zeroq.TaskInfo {
	return q.Tasks(zeroq.Ready, zeroq.Scheduled, zeroq.Retry, zeroq.Leased)
}

// maxListed is how many tasks a failed test lists.
const maxListed = 20

// describe lists tasks, one a line.
func (q *Queues) describe(infos []*zeroq.TaskInfo) string {
	if len(infos) == 0 {
		return "  no tasks"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, info := range infos[:min(len(infos), maxListed)] {
		fmt.Fprintf(w, "  %s\t%s\t%s\tattempt %d of %d\t%s\t%s\n", info.Type, info.ID, info.State,
			info.Attempt, info.MaxAttempts, cut(string(info.Data)), cut(info.Error))
	}
	_ = w.Flush() // to memory
	if more := len(infos) - maxListed; more > 0 {
		fmt.Fprintf(&b, "  and %d more: %s\n", more, count(infos[maxListed:]))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// count says how many tasks there are of each type.
func count(infos []*zeroq.TaskInfo) string {
	types := make(map[string]int)
	for _, info := range infos {
		types[info.Type]++
	}
	var parts []string
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		parts = append(parts, fmt.Sprintf("%d %s", types[typ], typ))
	}
	return strings.Join(parts, ", ")
}

// history tells what a task went through.
func history(info *zeroq.TaskInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s in queue %s, attempt %d of %d, data %s", info.Type, info.Queue, info.Attempt, info.MaxAttempts, cut(string(info.Data)))
	if !info.NextRunAt.IsZero() {
		fmt.Fprintf(&b, ", runs at %s", info.NextRunAt.Format("15:04:05.000"))
	}
	for _, e := range info.Errors {
		fmt.Fprintf(&b, "\n  attempt %d: %s", e.Attempt, e.Message)
	}
	return b.String()
}

// maxText is how long data and errors are in lists, in bytes.
const maxText = 60

// cut makes one short line of a text.
func cut(text string) string {
	text, _, more := strings.Cut(text, "\n")
	if len(text) > maxText {
		text, more = strings.ToValidUTF8(text[:maxText], ""), true
	}
	if more {
		text += "…"
	}
	return text
}
