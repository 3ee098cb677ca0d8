//go:build linux

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// fault is a way to break something.
type fault struct {
	name string
	// weight is how often it is chosen, in relation to the others.
	weight int
	// least and most bound how long it lasts.
	least, most time.Duration
	hit         func(ctx context.Context, v victim) error
}

// victim is who is hit by a fault, and how.
type victim struct {
	rig *rig.Rig
	// process is nil when Redis is hit.
	process *rig.Process
	// fault is its name, length how long it lasts.
	fault  string
	length time.Duration
	// chance decides what else a fault leaves to it.
	chance uint64
}

// vandal breaks one thing after the other. What, whose, for how long and when the next is up to its
// chance alone, so the same seed gives the same sequence, whatever comes of it. Vandals do not share
// victims, so that nobody is hit twice at the same time, unless it is by one who hits Redis.
type vandal struct {
	rig    *rig.Rig
	random *rand.Rand
	faults []fault
	// posts are who may be hit; none means Redis.
	posts []*post
	// pause bounds the time between two faults.
	pause time.Duration
	// sure: the next strike is by the first of the faults, whatever chance says, so that a short run has it.
	sure bool
}

// strike is what a vandal does next.
type strike struct {
	fault         fault
	rank          int
	length, pause time.Duration
	chance        uint64
}

// plan chooses the next strike.
func (v *vandal) plan() strike {
	total := 0
	for _, f := range v.faults {
		total += f.weight
	}
	pick, s := v.random.IntN(total), strike{}
	if v.sure {
		pick, v.sure = 0, false
	}
	for _, s.fault = range v.faults {
		if pick -= s.fault.weight; pick < 0 {
			break
		}
	}
	s.rank = v.random.IntN(max(len(v.posts), 1))
	s.length = s.fault.least + time.Duration(v.random.Int64N(int64(s.fault.most-s.fault.least)+1))
	s.pause = time.Duration(v.random.Int64N(int64(v.pause)))
	s.chance = v.random.Uint64()
	return s
}

// rage strikes until a moment.
func (v *vandal) rage(ctx context.Context, until time.Time) error {
	for time.Now().Before(until) && ctx.Err() == nil {
		s := v.plan()
		rest(ctx, s.pause)
		hit := victim{rig: v.rig, fault: s.fault.name, length: s.length, chance: s.chance}
		if len(v.posts) > 0 {
			if hit.process = v.posts[s.rank].alive(); hit.process == nil {
				continue // it is down already
			}
		}
		if err := s.fault.hit(ctx, hit); err != nil {
			return fmt.Errorf("%s: %w", s.fault.name, err)
		}
	}
	return ctx.Err()
}
