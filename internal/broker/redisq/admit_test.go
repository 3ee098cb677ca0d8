package redisq

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

func TestAdmit_GrantsWhatIsReady(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTask(), newTask(zeroq.ID("mine"), zeroq.Group("g")))
		got := r.admit(m, "GG", moved...)
		for i, d := range got {
			if d.Err != nil || !bytes.Equal(d.Raw, moved[i]) || d.Task.Queue != "q" || d.Task.ID != d.Receipt {
				t.Errorf("delivery %d is %+v", i, d)
			}
		}
		r.wants("mine", zeroq.Leased)
		r.must(m.Beat(t.Context()))
		r.settleAs(m, zeroq.Succeeded, got...)
		r.wants("mine", zeroq.Succeeded)
		r.sound()
	})
}

func TestAdmit_WhatIsOverIsStale(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		for _, state := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Retry} {
			moved := r.sent(newTask())
			r.settleAs(m, state, r.admit(m, "G", moved...)...)
			r.unchanged(string(state), func() { r.admit(m, "S", moved...) }, ":if:", r.keys.gate)
		}
		later := newTask(zeroq.Delay(time.Hour))
		r.put(later)
		r.admit(m, "S", []byte(r.client.HGet(t.Context(), r.keys.scheduledD, later.ID).Val()))
	})
}

// A carrier may bring an attempt again that has failed, when the next one is ready already.
func TestAdmit_AttemptThatHasEndedIsStale(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		first := r.sent(newTask(zeroq.ID("mine")))
		o := outcome(m, r.admit(m, "G", first...)[0], zeroq.Retry)
		o.Progress = []byte(`{"a":7,"z":1}`)
		r.settle(m, o)
		r.runAgain("mine", zeroq.Retry)
		second := r.relay()
		r.admit(m, "S", first...)
		got := r.admit(m, "G", second...)
		if got[0].Task.Attempt != 2 {
			t.Errorf("attempt %d", got[0].Task.Attempt)
		}
		r.settleAs(m, zeroq.Dead, got...)
		r.must(r.Retry(t.Context(), "mine", "q"))
		third := r.relay()
		r.admit(m, "SSGB", first[0], second[0], third[0], third[0])
	})
}

// A task that was put off runs again under the same number.
func TestAdmit_TaskThatWasPutOffRunsAgain(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTask(zeroq.ID("mine")))
		for range 3 {
			d := r.admit(m, "G", moved...)[0]
			off := broker.Outcome{
				Delivery: d, State: zeroq.Retry, NextAttempt: 1, RunAt: m.Now().Add(time.Hour), StartedAt: m.Now(), FinishedAt: m.Now(),
			}
			r.settle(m, off)
			r.admit(m, "S", moved...)
			r.runAgain("mine", zeroq.Retry)
			moved = r.relay()
		}
		r.settleAs(m, zeroq.Retry, r.admit(m, "G", moved...)...)
		r.runAgain("mine", zeroq.Retry)
		r.admit(m, "S", moved...)
	})
}

func TestAdmit_WhatRunsIsBusy(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		one, other := r.join("one"), r.join("other")
		moved := r.sent(newTasks(2)...)
		got := r.admit(one, "GBG", moved[0], moved[0], moved[1])
		r.unchanged("asking again", func() {
			r.admit(one, "BB", moved...)
			r.admit(other, "BB", moved...)
		}, ":if:")
		r.settleAs(one, zeroq.Succeeded, got...)
		r.admit(other, "SS", moved...)
	})
}

// The lease says when a task runs again, not the carrier; and it does so once, however many copies there are.
func TestAdmit_TaskOfADeadWorkerRunsOnceMore(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		dead := r.join("dead")
		moved := r.sent(newTask(zeroq.ID("mine")))
		r.admit(dead, "G", moved...)
		r.must(dead.Leave(t.Context())) // it holds a task: its lease ends now
		m := r.join("w")
		r.admit(m, "B", moved...)
		r.reaped(1)
		r.counts("given back", map[zeroq.State]int64{zeroq.Ready: 1, zeroq.Leased: 0})
		again := r.relay()
		got := r.admit(m, "GB", moved[0], again[0])
		r.settleAs(m, zeroq.Succeeded, got...)
		r.admit(m, "S", again...)
		r.sound()
	})
}

func TestAdmit_WithoutTheLeaseNothingIsGranted(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTask())
		r.must(r.client.Del(t.Context(), r.keys.groups).Err())
		r.unchanged("without a lease", func() {
			if _, _, err := m.Admit(t.Context(), moved); !errors.Is(err, zeroq.ErrLeaseLost) {
				t.Errorf("answered %v", err)
			}
		})
		r.admit(m, "G", moved...)
	})
}

func TestAdmit_WhatWasCalledOffIsDropped(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTask(zeroq.ID("cancelled")), newTask(zeroq.ID("deleted")), newTask(zeroq.ID("revived")))
		r.cancel("cancelled", zeroq.Cancelled)
		r.cancel("revived", zeroq.Cancelled)
		r.must(r.Delete(t.Context(), "deleted", "q"))
		r.must(r.Retry(t.Context(), "revived", "q"))
		r.counts("called off", map[zeroq.State]int64{zeroq.Ready: 1, zeroq.Cancelled: 1})
		r.admit(m, "SSSG", slices.Insert(moved, 1, moved[1])...)
		if n := r.client.SCard(t.Context(), r.keys.withdrawn).Val(); n != 0 {
			t.Errorf("%d are withdrawn still", n)
		}
		r.sound()
		r.must(r.Retry(t.Context(), "cancelled", "q"))
		r.admit(m, "G", r.relay()...)
	})
}

// Whoever put such a message there: it is run by nobody, and lost by nobody.
func TestAdmit_MessagesThatNobodyEnqueuedAreGrantedToBeBuried(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		dead := newTask()
		moved := r.sent(dead)
		m := r.join("w")
		r.settleAs(m, zeroq.Dead, r.admit(m, "G", moved...)...)
		foreign := strings.Replace(string(moved[0]), `"q~`, `"other~`, 1)
		strange := [][]byte{
			[]byte("unreadable"), []byte(`{"type":"bare"}`), []byte(`{"type":"bare","id":"mine"}`), []byte(foreign), {},
			[]byte(`{"id":"x","enqueued_at":"2026-01-01T00:00:00.000Z"}`),
		}
		got := r.admit(m, "GGGGGG", strange...)
		for i, d := range got {
			if d.Err == nil || d.Task != nil || !bytes.Equal(d.Raw, strange[i]) {
				t.Errorf("%s: %+v", strange[i], d)
			}
		}
		r.settleAs(m, zeroq.Dead, got...)
		r.counts("buried", map[zeroq.State]int64{zeroq.Dead: 7, zeroq.Leased: 0})
		r.sound()
	})
}

func TestAdmit_PausedQueueGrantsNothing(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTask())
		r.must(r.Pause(t.Context(), "q"))
		var closed *broker.ClosedError
		if _, _, err := m.Admit(t.Context(), moved); !errors.As(err, &closed) || closed.Cause != broker.ErrPaused || closed.Wait <= 0 {
			t.Fatalf("answered %v", err)
		}
		r.must(r.Resume(t.Context(), "q"))
		r.admit(m, "G", moved...)
	})
}

func TestAdmit_LimitsLeaveTheRestForLater(t *testing.T) {
	for name, limit := range map[string]zeroq.LimitsChange{
		"concurrency": {Concurrency: new(2)}, "rate": {Rate: new(0.001), Burst: new(2)},
	} {
		t.Run(name, func(t *testing.T) {
			carried(t, func(t *testing.T, r *rig) {
				r.must(r.Limit(t.Context(), "q", limit))
				one, other := r.join("one"), r.join("other")
				moved := r.sent(newTasks(5)...)
				r.cancel(wire.HeadID(moved[4]), zeroq.Cancelled)
				got := r.admit(one, "GGL", moved[:3]...)
				var closed *broker.ClosedError
				if _, _, err := other.Admit(t.Context(), moved[2:4]); !errors.As(err, &closed) || closed.Cause != broker.ErrLimited || closed.Wait <= 0 {
					t.Fatalf("answered %v", err)
				}
				r.admit(other, "LSB", moved[2], moved[4], moved[0])
				r.settleAs(one, zeroq.Succeeded, got...)
				if name == "concurrency" {
					r.admit(other, "GGS", moved[2], moved[3], moved[0])
				}
			})
		})
	}
}

// A worker has one suspect at a time, so that only the guilty one can be there when it dies again.
func TestAdmit_OneSuspectAtATime(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		moved := r.sent(newTasks(4)...)
		for _, message := range moved[:3] {
			r.must(r.client.HSet(t.Context(), r.keys.crashes, wire.HeadID(message), 2).Err())
		}
		r.must(r.client.HSet(t.Context(), r.keys.crashes, wire.HeadID(moved[3]), 1).Err())
		m := r.join("w")
		got := r.admit(m, "GLG", moved[0], moved[1], moved[3])
		r.admit(m, "LL", moved[1], moved[2])
		r.admit(r.join("other"), "GL", moved[1], moved[2])
		r.settleAs(m, zeroq.Succeeded, got[0])
		r.admit(m, "G", moved[2])
	})
}

func TestAdmit_AtMostOnceStartsNoTaskTwice(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.joinFor("dead", broker.AtMostOnce, testLease)
		moved := r.sent(newTask(zeroq.ID("mine")))
		may, err := m.Commit(t.Context(), r.admit(m, "G", moved...))
		r.must(err)
		if len(may) != 1 {
			t.Fatalf("%d may start", len(may))
		}
		r.must(m.Leave(t.Context()))
		r.reaped(1)
		r.wants("mine", zeroq.Dead)
		r.admit(r.join("w"), "S", moved...)
	})
}

// A longer list than a script can take is no error: the rest has its turn when it is asked for again.
func TestAdmit_TakesAsMuchAsAScriptCan(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		r.put(newTasks(maxFetch + 1)...)
		m := r.join("w")
		moved := r.relay()
		r.admit(m, strings.Repeat("G", maxFetch)+"L", moved...)
		r.admit(m, "BG", moved[0], moved[maxFetch])
		large := make([][]byte, 5)
		for i := range large {
			large[i] = []byte(strings.Repeat(string(rune('a'+i)), maxFetchBytes/4))
		}
		r.admit(m, "GGGGL", large...)
	})
}

func TestReplay_AdmitGivesTheSameAnswer(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		s := attach(r.Broker, nil)
		r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: new(2)}))
		moved := r.sent(newTasks(5)...)
		r.cancel(wire.HeadID(moved[0]), zeroq.Cancelled)
		m := r.join("w")
		got := r.admit(m, "SGBGL", moved[0], moved[1], moved[1], moved[2], moved[3])
		r.unchanged("sent again", func() {
			if again := r.resend(s, "admit"); again[0] != statusOK || again[3] != "SGBGL" {
				t.Errorf("answered %v", again)
			}
		})
		r.settleAs(m, zeroq.Succeeded, got...)
		r.unchanged("sent again when all had finished", func() { r.resend(s, "admit") })
		first := s.last["admit"]
		r.admit(m, "G", moved[3])
		r.unchanged("a straggler", func() {
			if answer := r.client.Do(t.Context(), first...).Val().([]any); answer[0] != statusStale {
				t.Errorf("answered %v", answer)
			}
		})
	})
}

// Nobody waits for the answer of what comes late: it must not begin what the first answer did not.
func TestReplay_AdmitThatWasRefusedBeginsNothingLater(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		s := attach(r.Broker, nil)
		m, other := r.join("w"), r.join("other")
		moved := r.sent(newTasks(2)...)
		r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: new(1)}))
		got := r.admit(other, "G", moved[1])
		for status, refuse := range map[string]struct{ begin, end func() }{
			statusPaused:  {func() { r.must(r.Pause(t.Context(), "q")) }, func() { r.must(r.Resume(t.Context(), "q")) }},
			statusLimited: {func() {}, func() { r.settleAs(other, zeroq.Succeeded, got...) }},
		} {
			refuse.begin()
			if _, _, err := m.Admit(t.Context(), moved[:1]); err == nil {
				t.Fatalf("%s: it was granted", status)
			}
			refuse.end()
			r.unchanged("a straggler", func() {
				if again := r.resend(s, "admit"); again[0] != status {
					t.Errorf("answered %v, want %s", again, status)
				}
			})
		}
		r.admit(m, "G", moved[0])
	})
}

// A call without an answer may have been executed. What it granted is the worker's, whatever it asks next.
func TestReplay_AdmitWithoutAnAnswerIsToldLater(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		s := attach(r.Broker, nil)
		m := r.join("w")
		moved := r.sent(newTasks(5)...)
		r.must(r.Delete(t.Context(), wire.HeadID(moved[2]), "q"))
		s.deaf = func(script string) bool { return script == "admit" }
		for range 2 {
			if _, _, err := m.Admit(t.Context(), moved[:3]); !errors.Is(err, zeroq.ErrUnavailable) {
				t.Fatalf("without an answer: %v", err)
			}
		}
		s.deaf = nil
		got := r.admit(m, "GG", moved[3], moved[1])
		if !bytes.Equal(got[0].Raw, moved[3]) || !bytes.Equal(got[1].Raw, moved[1]) {
			t.Errorf("delivered are %s and %s", got[0].Raw, got[1].Raw)
		}
		r.must(r.Pause(t.Context(), "q"))
		got = append(got, r.admit(m, "GLBS", moved[0], moved[4], moved[0], moved[2])...)
		if _, _, err := m.Admit(t.Context(), moved[:1]); !errors.Is(err, broker.ErrPaused) {
			t.Errorf("what was told is told again: %v", err)
		}
		r.must(r.Resume(t.Context(), "q"))
		got = append(got, r.admit(m, "GBB", moved[4], moved[0], moved[1])...)
		r.settleAs(m, zeroq.Succeeded, got...)
		r.counts("run", map[zeroq.State]int64{zeroq.Leased: 0, zeroq.Succeeded: 4})
	})
}

// What a lost lease was told is nothing to the next one.
func TestReplay_AdmitForgetsWhatALostLeaseAsked(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		s := attach(r.Broker, nil)
		m := r.join("w")
		moved := r.sent(newTasks(2)...)
		s.deaf = func(script string) bool { return script == "admit" }
		if _, _, err := m.Admit(t.Context(), moved); !errors.Is(err, zeroq.ErrUnavailable) {
			t.Fatalf("without an answer: %v", err)
		}
		s.deaf = nil
		m.Abandon()
		r.admit(m, "BB", moved...)
	})
}

// An id may be used again, once its task is deleted, or Redis has forgotten who had it: what a carrier still has of
// the one before must not run in the place of the new one.
func TestAdmit_MessageOfTheTaskThatHadTheIDBeforeIsStale(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		first := newTask(zeroq.ID("mine"))
		before := r.sent(first)
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "G", before...)...)
		r.must(r.Delete(t.Context(), "mine", "q"))
		r.until("it is later", func() bool { return r.Now().UnixMilli() > first.EnqueuedAt.UnixMilli() })
		now := r.sent(newTask(zeroq.ID("mine")))
		r.admit(m, "SG", before[0], now[0])
	})
}

// A carrier may have a message twice, or bring again what has ended: neither runs once its task is deleted.
func TestAdmit_WhatIsDeletedStaysSo(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		waits, over := r.sent(newTask(zeroq.ID("waits"))), r.sent(newTask(zeroq.ID("over")))
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "G", over...)...)
		r.must(r.Delete(t.Context(), "waits", "q"))
		r.must(r.Delete(t.Context(), "over", "q"))
		r.admit(m, "SSS", waits[0], waits[0], over[0])
		r.admit(m, "S", waits...)
		if ttl := r.client.PTTL(t.Context(), r.keys.deleted).Val(); ttl <= 0 || ttl > time.Hour {
			t.Errorf("the mark is kept for %v", ttl)
		}
	})
}
