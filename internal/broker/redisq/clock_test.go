package redisq

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// instant is a moment of Redis that is years away from this machine's: whose clock it is shows.
var instant = time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC)

func TestClock_TellsTheTimeOfRedis(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock
		c.sync(instant.UnixMilli())
		time.Sleep(90 * time.Second)
		if got := c.now(); !got.Equal(instant.Add(90 * time.Second)) {
			t.Errorf("90 s after %s it is %s", instant, got)
		}
		if got := c.now(); got.Location() != time.UTC || got.Nanosecond()%1e6 != 0 {
			t.Errorf("%s is not in UTC, or not whole milliseconds", got)
		}
	})
}

// Redis had the time when the answer left it, so at its arrival it is at least that late.
func TestClock_IsNeverBeforeWhatRedisSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock
		for _, step := range []time.Duration{0, 5, 5, 700, 3000, 1, 2000} {
			time.Sleep(step * time.Millisecond)
			said := instant.Add(step * time.Millisecond)
			c.sync(said.UnixMilli())
			if c.now().Before(said) {
				t.Errorf("it is %s, Redis said %s", c.now(), said)
			}
		}
	})
}

func TestClock_ALateAnswerDoesNotSetItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock
		c.sync(instant.UnixMilli())
		time.Sleep(500 * time.Millisecond)
		c.sync(instant.UnixMilli() + 100) // 400 ms under way
		if got := c.now(); !got.Equal(instant.Add(500 * time.Millisecond)) {
			t.Errorf("it is %s", got)
		}
		time.Sleep(time.Second)
		c.sync(instant.UnixMilli() + 1200)
		if got := c.now(); !got.Equal(instant.Add(1200 * time.Millisecond)) {
			t.Errorf("a clock that drifted is not set right: it is %s", got)
		}
	})
}

// slow holds up every command by a while before it is sent.
type slow time.Duration

func (s slow) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s slow) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		<-time.After(time.Duration(s))
		return next(ctx, cmd)
	}
}

func (s slow) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A call that was held up, or sent again after an outage, began long before Redis looked at its clock.
func TestClock_ASlowCallDoesNotSetItAhead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.calls.AddHook(slow(300 * time.Millisecond))
	r.must(r.Ping(t.Context()))
	told := r.clock.now()
	real, err := r.client.Time(t.Context()).Result()
	r.must(err)
	if told.After(real) {
		t.Errorf("it is %s, and a moment later %s by Redis", told, real)
	}
}

func TestClock_BeforeTheFirstAnswerItIsThisMachines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c clock
		if got := c.now(); !got.Equal(time.Now().Truncate(time.Millisecond)) {
			t.Errorf("it is %s", got)
		}
	})
}

// What is stored comes from Redis, however wrong this machine's clock may be.
func TestClock_StoredTimesComeFromRedis(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask()) // everything that would ask Redis for the time has been done
	r.clock.reading.Store(&reading{redis: instant, local: time.Now()})
	task := newTask(zeroq.ID("mine"))
	r.put(task)
	if task.EnqueuedAt.Sub(instant) > time.Minute {
		t.Errorf("enqueued at %s, Redis said %s", task.EnqueuedAt, instant)
	}
	if m := r.join("w"); m.Now().Sub(instant) < time.Hour {
		t.Errorf("it is %s after an answer of Redis", m.Now())
	}
}
