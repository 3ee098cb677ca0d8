package redisq

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// resender sends script calls once more, as the client library does when no answer came in time, and
// keeps the last call of each script so that a test can send it later.
type resender struct {
	always func(script string) bool // nil: only when a test asks
	deaf   func(script string) bool // whose answers are lost; nil: none

	mu   sync.Mutex
	last map[string][]any // by script
}

func attach(b *Broker, always func(script string) bool) *resender {
	s := &resender{always: always, last: make(map[string][]any)}
	b.calls.AddHook(s)
	return s
}

func (s *resender) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *resender) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if s.note(cmd) && err == nil {
			return next(ctx, cmd)
		}
		if err == nil && s.loses(cmd) {
			cmd.SetErr(io.ErrUnexpectedEOF)
			return io.ErrUnexpectedEOF
		}
		return err
	}
}

func (s *resender) loses(cmd redis.Cmder) bool {
	return s.deaf != nil && strings.HasPrefix(cmd.Name(), "eval") && s.deaf(scriptOf(cmd.Args()[1].(string)))
}

func (s *resender) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		again := false
		for _, cmd := range cmds {
			again = s.note(cmd) || again
		}
		if again && err == nil {
			return next(ctx, cmds)
		}
		return err
	}
}

// note keeps a script call and says whether to send it again.
func (s *resender) note(cmd redis.Cmder) bool {
	if name := cmd.Name(); name != "eval" && name != "evalsha" {
		return false
	}
	script := scriptOf(cmd.Args()[1].(string))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[script] = cmd.Args()
	return s.always != nil && s.always(script)
}

var scriptsByHash = Scripts()

// scriptOf is the name of a script by its hash or text.
func scriptOf(hashOrText string) string {
	name, known := scriptsByHash[hashOrText]
	if !known {
		name, known = scriptsByHash[redis.NewScript(hashOrText).Hash()]
	}
	if !known {
		panic("a script that nobody knows")
	}
	return name
}

// resend sends the last call of a script again and returns what it answers.
func (r *rig) resend(s *resender, script string) []any {
	r.Helper()
	s.mu.Lock()
	args := s.last[script]
	s.mu.Unlock()
	if args == nil {
		r.Fatalf("%s was never called", script)
	}
	answer, err := r.client.Do(r.Context(), args...).Slice()
	r.must(err)
	return answer
}

// The whole suite holds when every call of a script is sent twice. Left out are those whose answer
// is only a number of what was done, which the second sending did not do.
func TestConformance_EveryScriptSentTwice(t *testing.T) {
	counting := []string{"promote", "sweep_index", "sweep_list"}
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		conf, client := redistest.New(t)
		s := store(t, conf, client)
		attach(s.Broker.(*Broker), func(script string) bool { return !strings.Contains(strings.Join(counting, " "), script) })
		return s
	})
}

func TestReplay_EnqueueAddsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(append(newTasks(100), newTask(zeroq.Delay(time.Hour)))...)
	r.unchanged("sent again", func() {
		if status := r.resend(s, "enqueue")[0]; status != statusOK {
			t.Errorf("answered %v", status)
		}
	})
	m := r.join("w")
	for _, d := range r.fetch(m, 100) {
		r.settle(m, outcome(m, d, zeroq.Succeeded))
	}
	r.unchanged("sent again when all had finished", func() { r.resend(s, "enqueue") })
}

func TestReplay_EnqueueOfAChosenIDIsKnownByItsNonce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	for name, task := range map[string]*zeroq.Task{"now": newTask(zeroq.ID("now")), "later": newTask(zeroq.ID("later"), zeroq.Delay(time.Hour))} {
		r.put(task)
		r.unchanged(name, func() {
			if status := r.resend(s, "enqueue_one")[0]; status != statusOK {
				t.Errorf("%s: answered %v", name, status)
			}
		})
	}
}

func TestReplay_EnqueueOfAUniqueTaskIsKnownOnceItHasFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(newTask(zeroq.UniqueKey("k", zeroq.UntilFinished)))
	m := r.join("w")
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Succeeded))
	r.unchanged("sent again", func() {
		if status := r.resend(s, "enqueue_one")[0]; status != statusOK {
			t.Errorf("answered %v", status)
		}
	})
}

func TestReplay_FetchGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(newTasks(3)...)
	r.push(`{"type":"bare"}`, `no task`)
	m := r.join("w")
	answer, _, err := m.take(t.Context(), m.lease, 4, 0, nil)
	r.must(err)
	if len(answer) != 3 || len(m.unclaimed) != 1 {
		t.Fatalf("took %d and %d", len(answer), len(m.unclaimed))
	}
	r.unchanged("sent again", func() {
		again := r.resend(s, "fetch")
		fields, messages := again[3].([]any), again[4].([]any)
		if again[0] != statusOK || len(fields) != 4 || fields[0] != answer[0].Receipt || messages[0] != string(answer[0].Raw) ||
			fields[3] != m.unclaimed[0].Receipt {
			t.Errorf("answered %v", again)
		}
	})
	first := s.last["fetch"]
	r.fetch(m, 1) // the bare one, which is claimed now
	r.fetch(m, 1)
	if again := r.client.Do(t.Context(), first...).Val().([]any); again[0] != statusStale {
		t.Errorf("a straggler was answered %v", again)
	}
}

func TestReplay_EmptyFetchStaysEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	m := r.join("w")
	r.fetch(m, 0)
	r.put(newTask())
	if again := r.resend(s, "fetch"); again[0] != statusEmpty {
		t.Errorf("answered %v: nobody would read the task", again)
	}
	r.fetch(m, 1)
}

func TestReplay_SettleCountsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(newTasks(6)...)
	r.put(newTask(zeroq.ID("mine")))
	r.put(newTask(zeroq.Retention(time.Minute)))
	m := r.join("w")
	deliveries := r.fetch(m, 8)
	states := []zeroq.State{
		zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Ready, zeroq.Succeeded, zeroq.Succeeded, zeroq.Succeeded,
	}
	var outcomes []broker.Outcome
	for i, d := range deliveries[:7] {
		outcomes = append(outcomes, outcome(m, d, states[i]))
	}
	r.settle(m, outcomes...)
	r.unchanged("sent again", func() {
		if status := r.resend(s, "settle")[0]; status != statusOK {
			t.Errorf("answered %v", status)
		}
	})
	// The same outcomes once more, as the engine sends them when it got no answer at all.
	m.leases[deliveries[0].Lease].settled.Add(^uint64(0))
	r.unchanged("settled again", func() { r.settle(m, outcomes...) })
	first := s.last["settle"]
	r.settle(m, outcome(m, deliveries[7], states[7]))
	r.unchanged("a straggler", func() {
		if answer := r.client.Do(t.Context(), first...).Val().([]any); answer[0] != statusStale {
			t.Errorf("answered %v", answer)
		}
	})
}

func TestReplay_ClaimAdmitsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	for message, status := range map[string]string{
		`{"type":"bare","id":"now"}`: statusOK, `{"type":"bare","id":"later","delay":"1h"}`: statusScheduled, `{"type":"bare"}`: statusOK,
	} {
		r.push(message)
		m := r.join("w")
		_, err := m.Fetch(t.Context(), 1, 0)
		r.must(err)
		r.unchanged(message, func() {
			if got := r.resend(s, "claim")[0]; got != status {
				t.Errorf("%s: answered %v", message, got)
			}
		})
		r.must(m.Leave(t.Context()))
	}
}

func TestReplay_CommitLetsStartOnceMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(newTasks(2)...)
	m := r.joinFor("w", broker.AtMostOnce, time.Minute)
	deliveries := r.fetch(m, 2)
	_, err := m.Commit(t.Context(), deliveries)
	r.must(err)
	r.unchanged("sent again", func() {
		may := r.resend(s, "commit")[2].([]any)
		if len(may) != 2 || may[0] != int64(1) || may[1] != int64(1) {
			t.Errorf("may start: %v", may)
		}
	})
	r.settle(m, outcome(m, deliveries[0], zeroq.Succeeded), outcome(m, deliveries[1], zeroq.Succeeded))
	r.unchanged("sent again when all had finished", func() {
		if may := r.resend(s, "commit")[2].([]any); may[0] != int64(0) {
			t.Errorf("a finished task may start: %v", may)
		}
	})
}

func TestReplay_StealIsTheThiefs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.put(newTasks(3)...)
	dead := r.join("dead")
	group := r.fetch(dead, 3)[0].Lease
	r.must(dead.Leave(t.Context())) // it holds tasks: its lease ends now
	score := r.client.ZScore(t.Context(), r.keys.groups, group).Val()
	keys := []string{r.keys.groups, r.keys.inflight + group, r.keys.inflight + "thief.1"}
	answer, err := r.run(t.Context(), r.calls, scriptSteal, keys, group, int64(score), "thief.1", 60_000)
	r.must(err)
	if answer.status != statusOK {
		t.Fatalf("answered %s", answer.status)
	}
	r.unchanged("sent again", func() {
		if again := r.resend(s, "steal"); again[0] != statusOK {
			t.Errorf("the thief, asking again, was answered %v: it would leave the tasks to lie", again[0])
		}
	})
	keys[2] = r.keys.inflight + "other.1"
	answer, err = r.run(t.Context(), r.calls, scriptSteal, keys, group, int64(score), "other.1", 60_000)
	r.must(err)
	if answer.status != statusGone {
		t.Errorf("a second thief was answered %s", answer.status)
	}
}

func TestReplay_TickEnqueuesOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	for name, change := range map[string]func(*zeroq.Schedule){
		"allow": func(*zeroq.Schedule) {}, "jitter": func(s *zeroq.Schedule) { s.Jitter = time.Hour },
		"skip": func(s *zeroq.Schedule) { s.Overlap = zeroq.OverlapSkip },
	} {
		r.schedule(hourly(name, change))
		for _, want := range []int64{1, map[bool]int64{true: 0, false: 1}[name == "skip"]} {
			r.rewind(name, time.Second)
			if n := r.tick(); n != int(want) {
				t.Fatalf("%s: %d tasks", name, n)
			}
			r.unchanged(name+" sent again", func() {
				if again := r.resend(s, "tick"); again[0] != statusOK || again[2] != want {
					t.Errorf("%s: answered %v", name, again)
				}
			})
		}
		first := s.last["tick"]
		r.rewind(name, time.Second)
		r.tick()
		r.unchanged("a straggler", func() { r.client.Do(t.Context(), first...) })
		r.must(r.DeleteSchedule(t.Context(), name))
	}
}

func TestReplay_SchedulesAreWrittenAndForgottenOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	r.schedule(hourly("one"))
	r.unchanged("written again", func() {
		if status := r.resend(s, "schedule")[0]; status != statusOK {
			t.Errorf("answered %v", status)
		}
	})
	first := s.last["schedule"]
	r.must(r.PauseSchedule(t.Context(), "one"))
	r.unchanged("a straggler", func() {
		if answer := r.client.Do(t.Context(), first...).Val().([]any); answer[0] != statusGone {
			t.Errorf("answered %v", answer)
		}
	})
	r.must(r.DeleteSchedule(t.Context(), "one"))
	r.unchanged("forgotten again", func() {
		if status := r.resend(s, "unschedule")[0]; status != statusOK {
			t.Errorf("answered %v", status)
		}
	})
	drop := s.last["unschedule"]
	r.schedule(hourly("one"))
	r.unchanged("a straggler", func() {
		if answer := r.client.Do(t.Context(), drop...).Val().([]any); answer[0] != statusGone {
			t.Errorf("answered %v", answer)
		}
	})
}

// A call that comes late, when the worker has had its answer, must not take what nobody would read.
func TestReplay_FetchOfNothingTakesNothingWhenItIsSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	m := r.join("w")
	if deliveries, err := m.Fetch(t.Context(), 1, 0); err != nil || len(deliveries) > 0 {
		t.Fatal(deliveries, err)
	}
	r.put(newTask())
	r.unchanged("sent again", func() {
		if status := r.resend(s, "fetch")[0]; status != statusEmpty {
			t.Errorf("answered %v", status)
		}
	})
}

// When all that a fetch found was called off, there may be more: its answer says so when it is sent again,
// too.
func TestReplay_FetchThatFoundOnlyWithdrawnTasksIsNotEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	attach(r.Broker, func(script string) bool { return script == "fetch" })
	tasks := newTasks(3)
	r.put(tasks...)
	for _, task := range tasks[:2] {
		r.must(r.Delete(t.Context(), task.ID, "q"))
	}
	r.fetch(r.join("w"), 1)
}

// A worker whose join was executed and not answered begins the same lease again, and leaves it: nobody
// else need be there to take away what it left behind.
func TestReplay_JoinWithoutAnAnswerLeavesNoLease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.join("w")
	m.Abandon()
	s := attach(r.Broker, nil)
	s.deaf = func(script string) bool { return script == "join" }
	for range 2 {
		if _, err := m.Fetch(t.Context(), 1, 0); !errors.Is(err, zeroq.ErrUnavailable) {
			t.Fatalf("a join without an answer: %v", err)
		}
	}
	if n := r.client.ZCard(t.Context(), m.keys.groups).Val(); n != 2 {
		t.Errorf("%d leases, want the one that was abandoned and a new one", n)
	}
	r.must(m.Leave(t.Context()))
	if names, err := r.client.ZRange(t.Context(), m.keys.groups, 0, -1).Result(); err != nil || len(names) > 0 {
		t.Errorf("leases that stay: %v %v", names, err)
	}
}
