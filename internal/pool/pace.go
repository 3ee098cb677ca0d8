package pool

import "time"

// Bounds of what is fetched ahead of free slots.
const (
	// aheadFor is how long the slots should take to get through it, so that a round trip to the broker costs
	// no time, and no task waits here for long while other workers are idle.
	aheadFor = 10 * time.Millisecond
	// maxAhead is how many tasks it is at most.
	maxAhead = 512
	// maxWait is how long a task waits here at most, where others take longer than they used to: then it is
	// handed back.
	maxWait = 100 * time.Millisecond
)

// pace is how long tasks take. It follows a longer one at once and shorter ones slowly: it is better to
// fetch too little ahead than to keep tasks from other workers.
type pace struct {
	took  time.Duration
	known bool
}

// paceWeight is the number of tasks that the pace needs to come down by two thirds.
const paceWeight = 64

func (p *pace) note(took time.Duration) {
	if !p.known || took > p.took {
		p.took, p.known = took, true
	} else {
		p.took -= (p.took - took) / paceWeight
	}
}

// ahead is how many tasks so many slots get through in time; none while nothing is known of tasks.
func (p *pace) ahead(slots int) int {
	if !p.known {
		return 0
	}
	return int(min(time.Duration(slots)*aheadFor/max(p.took, 1), maxAhead))
}
