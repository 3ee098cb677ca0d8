package cron

import "time"

// MaxCount is the most that [Spec.Count] counts to: a schedule that came each second and was left
// alone for a year must not hold up the others.
const MaxCount = 100_000

// Between returns the last times after the one given until the other, which counts, at most max of
// them, the oldest first.
func (s *Spec) Between(after, until time.Time, max int) []time.Time {
	if s.every > 0 {
		if first := s.multiple(s.index(until) - int64(max)); first.After(after) {
			after = first
		}
		return s.walk(after, until, max)
	}
	// The last ones are found by looking back, each time twice as far.
	for span := time.Duration(max) * time.Second; ; span *= 2 {
		start := until.Add(-span)
		if span <= 0 || !start.After(after) {
			return s.walk(after, until, max)
		}
		if times := s.walk(start, until, max); len(times) == max {
			return times
		}
	}
}

// walk is Between, from its beginning.
func (s *Spec) walk(after, until time.Time, max int) []time.Time {
	var times []time.Time
	for at := s.Next(after); !at.IsZero() && !at.After(until); at = s.Next(at) {
		if times = append(times, at); len(times) >= 2*max {
			times = append(times[:0], times[len(times)-max:]...)
		}
	}
	return times[len(times)-min(max, len(times)):]
}

// Count returns how many times there are after the one given until the other, which counts; at most
// [MaxCount].
func (s *Spec) Count(after, until time.Time) int {
	if s.every > 0 {
		return int(min(max(s.index(until)-s.index(after), 0), MaxCount))
	}
	n := 0
	for at := s.Next(after); !at.IsZero() && !at.After(until) && n < MaxCount; at = s.Next(at) {
		n++
	}
	return n
}
