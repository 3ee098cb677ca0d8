package redisq

import (
	"sync/atomic"
	"time"
)

// clock tells the time of Redis between its answers: the last that was heard, plus the monotonic
// time passed since. This machine's wall clock plays no part.
type clock struct {
	reading atomic.Pointer[reading]
}

type reading struct {
	redis time.Time
	local time.Time // has a monotonic part
}

// sync takes in that Redis had now, in ms, at some moment before this one: when the answer left it.
func (c *clock) sync(now int64) {
	fresh := &reading{redis: fromMillis(now), local: time.Now()}
	old := c.reading.Load()
	// Of two readings the one that lets Redis be further is nearer the truth, since an answer is
	// only ever late; but none is kept for long, as clocks drift.
	if old != nil && fresh.local.Sub(old.local) < time.Second && old.at(fresh.local).After(fresh.redis) {
		return
	}
	c.reading.CompareAndSwap(old, fresh)
}

func (r *reading) at(local time.Time) time.Time { return r.redis.Add(local.Sub(r.local)) }

// now is the time of Redis, to the millisecond. Before the first answer it is this machine's.
func (c *clock) now() time.Time {
	r := c.reading.Load()
	if r == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return r.at(time.Now()).Truncate(time.Millisecond)
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
