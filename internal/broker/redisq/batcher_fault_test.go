package redisq

import (
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// together sends a task of each of several callers by one call, as long as fault holds, and returns their tasks
// and answers.
func (c *crowd) together(callers int, fault func()) (tasks []*zeroq.Task, all []<-chan []error) {
	c.Helper()
	end := c.busy()
	for range callers {
		task := newTask()
		tasks, all = append(tasks, task), append(all, c.come(c.Context(), task))
	}
	end()
	fault()
	c.open()
	return tasks, all
}

// Each of the callers gets the error that he would get alone, nothing is in, and all go in once the fault is mended.
func TestBatcher_FaultIsToldToAllAndLeavesNothing(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*rig) {
		return func(r *rig) { r.must(r.client.ConfigSet(r.Context(), name, value).Err()) }
	}
	master := func(to ...string) func(*rig) {
		return func(r *rig) { r.must(r.client.Do(r.Context(), "replicaof", to[0], to[1]).Err()) }
	}
	faults := map[string]struct {
		begin, end func(*rig)
		want       error
	}{
		"full":      {set("maxmemory", "1"), set("maxmemory", "0"), zeroq.ErrStoreFull},
		"read-only": {master("127.0.0.1", "1"), master("NO", "ONE"), zeroq.ErrUnavailable},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := newOwnRig(t, "--appendonly", "no")
			c := newCrowd(r)
			tasks, all := c.together(5, func() { fault.begin(r) })
			for _, done := range all {
				c.wantErr(<-done, fault.want)
			}
			fault.end(r)
			if n := c.count(zeroq.Ready); n != 1 {
				t.Errorf("%d are ready, want the one that was there", n)
			}
			for _, task := range tasks {
				if task.ID != "" {
					t.Errorf("a task that is not in has id %s", task.ID)
				}
			}
			r.put(tasks...)
		})
	}
}

func TestBatcher_ScriptThatIsForgottenIsSentAgain(t *testing.T) {
	t.Parallel()
	r, _ := newOwnRig(t, "--appendonly", "no")
	c := newCrowd(r)
	_, all := c.together(5, func() { r.must(r.client.ScriptFlush(t.Context()).Err()) })
	for _, done := range all {
		c.wantErr(<-done, nil)
	}
	c.fetch(c.join("w"), 1+5)
}

// The answer to a call for several callers is lost, and the client library sends it again: all are in, once.
func TestBatcher_CallThatIsSentAgainIsKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newCrowd(r)
	attach(r.Broker, func(script string) bool { return script == "enqueue" })
	_, all := c.together(100, func() {})
	for _, done := range all {
		c.wantErr(<-done, nil)
	}
	c.fetch(c.join("w"), 1+100)
}

// Redis has lost its last writes, and another process has used the numbers of callers who go together.
func TestBatcher_NumbersInUseAreReplacedForAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := newCrowd(r) // has numbers 1 to 63 at hand
	other := r.another()
	const n = 100 // more than those
	tasks, all := c.together(n, func() {
		r.must(r.client.FlushDB(t.Context()).Err())
		other.put(newTasks(70)...)
	})
	seen := map[string]bool{}
	for _, done := range all {
		c.wantErr(<-done, nil)
	}
	for _, d := range r.fetch(r.join("w"), n+70) {
		if d.Err != nil || seen[d.Task.ID] {
			t.Fatalf("%s came twice, %v", d.Raw, d.Err)
		}
		seen[d.Task.ID] = true
	}
	for _, task := range tasks {
		if !seen[task.ID] {
			t.Errorf("%q was acknowledged and did not come", task.ID)
		}
	}
}
