package cron

import (
	"time"

	"github.com/zeroq-dev/zeroq"
)

// How late a time may be enqueued and still not count as missed.
const (
	// minGrace is what looking can take when all is well, with a Redis that answers slowly.
	minGrace = 5 * time.Second
	// maxGrace is longer than a restart or a failover takes, and shorter than what anybody would call
	// a time that nobody looked at.
	maxGrace = time.Minute
)

// grace is how late a time may be: an interval, so that those who come each few seconds do not come
// in a crowd after a break, within the bounds.
func (s *Spec) grace(at time.Time) time.Duration {
	next := s.Next(at)
	if next.IsZero() {
		return maxGrace
	}
	return min(max(next.Sub(at), minGrace), maxGrace)
}

// Passed is what to do about the times that have passed.
type Passed struct {
	// At is the one to enqueue a task for; zero if there is none.
	At time.Time
	// Missed is how many are left out before it, or in all if there is none.
	Missed int
	// Next is the first one left for later, which may have passed as well; zero if there is none.
	Next time.Time
}

// Pass looks at the times from due, which is one of them, until now.
func (s *Spec) Pass(due, now time.Time, policy zeroq.CatchUp) Passed {
	before := due.Add(-time.Millisecond)
	at := due
	switch policy {
	case zeroq.CatchUpAll:
		if s.Count(before, now) > zeroq.MaxCatchUp {
			at = s.oldest(due, now, zeroq.MaxCatchUp)
		}
	case zeroq.CatchUpLast:
		if now.Sub(due) > s.grace(due) {
			at = s.oldest(due, now, 1)
		}
	default:
		at = s.punctual(due, now)
	}
	if at.IsZero() {
		return Passed{Missed: s.Count(before, now), Next: s.Next(now)}
	}
	return Passed{At: at, Missed: s.Count(before, at.Add(-time.Millisecond)), Next: s.Next(at)}
}

// oldest is the first of the last n times from due until now. due is none of them after the rules of its
// time zone have changed; then it counts all the same.
func (s *Spec) oldest(due, now time.Time, n int) time.Time {
	if times := s.Between(due.Add(-time.Millisecond), now, n); len(times) > 0 {
		return times[0]
	}
	return due
}

// punctual is the first time from due until now that is not missed.
func (s *Spec) punctual(due, now time.Time) time.Time {
	at := due
	if now.Sub(due) > maxGrace {
		if at = s.Next(now.Add(-maxGrace)); at.IsZero() {
			return at
		}
	}
	for !at.IsZero() && !at.After(now) {
		if now.Sub(at) <= s.grace(at) {
			return at
		}
		at = s.Next(at)
	}
	return time.Time{}
}
