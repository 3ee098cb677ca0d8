package check

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// never is after the end of the run.
const never ledger.Time = math.MaxInt64

// span is from one moment to another.
type span struct {
	task     uint64
	from, to ledger.Time
}

// claims are what became of one unique key. What is noted around a step says only that it was in
// between, so a key is held for certain for a shorter time than it can have been.
type claims struct {
	held     []span // somebody had it, for certain
	possible []span // somebody may have had it
	granted  []span // somebody was given it, at one moment in there
	denied   []span // somebody was refused for it, at one moment in there
}

func (j *judge) claim(t *task) {
	if !j.Rules.Unique || t.key == 0 || t.sending == nil {
		return
	}
	c := j.keys[t.key]
	if c == nil {
		c = &claims{}
		j.keys[t.key] = c
	}
	switch {
	case t.refused != nil:
		if t.turnedAway() && t.refused.Code == ledger.Duplicate {
			c.denied = append(c.denied, span{t.n, t.sending.At, t.refused.At})
			return
		}
	case t.accepted != nil && !(j.Final.Cancelled[t.n] && len(t.runs) == 0):
		c.granted = append(c.granted, span{t.n, t.sending.At, t.accepted.At})
		if !j.faults.forgets(t.accepted.At) {
			c.held = append(c.held, span{t.n, t.accepted.At, j.heldUntil(t)})
		}
	}
	if to := j.freedBy(t); to > 0 {
		c.possible = append(c.possible, span{t.n, t.sending.At, to})
	}
}

// heldUntil is the moment up to which a task has its key for certain.
func (j *judge) heldUntil(t *task) ledger.Time {
	if j.Final.Stored[t.n] != "" {
		return never
	}
	last := t.accepted.At // of what is gone or was cancelled nothing is known
	done := never
	for _, r := range t.runs {
		switch {
		case r.code == ledger.OK:
			done = min(done, r.end) // of several the first to end may be the one that counts
		case j.Final.Dead[t.n]:
			last = r.start
		}
	}
	if done < never {
		return done
	}
	return last
}

// freedBy is the moment at which a task has let go of its key for certain; 0 if it never had it.
func (j *judge) freedBy(t *task) ledger.Time {
	if len(t.runs) == 0 && t.accepted == nil && t.fate == nowhere && len(j.faults.forgetful) == 0 {
		return 0 // nobody knows whether it was in, but nothing shows that it was
	}
	var to ledger.Time
	for _, r := range t.runs {
		to = max(to, r.end)
	}
	switch t.fate {
	case succeeded, dead:
		if len(t.runs) == 0 || t.runs[len(t.runs)-1].code == 0 {
			return never
		}
	case cancelled:
		if t.calledOff == nil {
			return never
		}
		to = max(to, t.calledOff.At)
	default:
		return never
	}
	return j.settled(t, to.Add(j.Rules.Settle))
}

// settled is when an outcome was in Redis that should be there at a moment, but for what was broken.
func (j *judge) settled(t *task, at ledger.Time) ledger.Time {
	for _, r := range t.runs {
		for i := range j.faults.hitting(r.process) {
			f := j.faults.all[i]
			if r.code == 0 && f.At > r.last {
				continue // it has no outcome, and its process was gone
			}
			if f.At <= at && f.Until >= r.start {
				at = max(at, f.Until.Add(j.Rules.Settle))
			}
		}
	}
	return at
}

func (j *judge) holders() {
	for _, key := range slices.Sorted(maps.Keys(j.keys)) {
		c := j.keys[key]
		j.twoHolders(key, c)
		j.lockLeft(key, c)
	}
}

// twoHolders looks for tasks that were given the key while another had it for certain.
func (j *judge) twoHolders(key uint64, c *claims) {
	slices.SortFunc(c.held, byBegin)
	slices.SortFunc(c.granted, byBegin)
	var first span
	held := c.held
	for _, g := range c.granted {
		for len(held) > 0 && held[0].from <= g.from {
			if held[0].to > first.to {
				first = held[0]
			}
			held = held[1:]
		}
		if first.to >= g.to && first.task != g.task && first.task != 0 {
			j.blame(TwoHolders, g.task, "was accepted while task %d had key %d", first.task, key)
		}
	}
}

// lockLeft looks for tasks that were refused when nobody can have had the key.
func (j *judge) lockLeft(key uint64, c *claims) {
	slices.SortFunc(c.possible, byBegin)
	slices.SortFunc(c.denied, func(a, b span) int { return cmp.Compare(a.to, b.to) })
	free := ledger.Time(math.MinInt64)
	possible := c.possible
	for _, d := range c.denied {
		for len(possible) > 0 && possible[0].from <= d.to {
			free = max(free, possible[0].to)
			possible = possible[1:]
		}
		if free < d.from {
			j.blame(LockLeft, d.task, "was refused though nobody had key %d%s", key, since(free, d.from))
		}
	}
}

func since(free, at ledger.Time) string {
	if free == math.MinInt64 {
		return " before"
	}
	return " for " + at.Sub(free).Round(time.Millisecond).String()
}

func byBegin(a, b span) int { return cmp.Compare(a.from, b.from) }
