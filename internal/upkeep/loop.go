// Package upkeep keeps queues in order: due tasks become ready (scheduler), tasks of dead workers
// come back (reaper), what is old is forgotten (janitor), totals are noted and what is in flight is
// counted (bookkeeper), foreign lists are drained (intake), schedules tick (timetable), and what was
// asked to be done to many tasks is done (operator).
// Every worker does all of it; the broker sees to it that nothing is done twice.
package upkeep

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

// callTimeout bounds one round of upkeep of one queue.
const callTimeout = 10 * time.Second

// loop does a step again and again until its context ends.
type loop struct {
	what string
	// step answers how long to wait before the next one.
	step func(ctx context.Context) (time.Duration, error)

	failing bool
	logged  time.Time
}

// run waits about a third more or less than the step asks for, so that many workers spread out.
// After an error it waits as if there had been none, and logs the first of a row and then one every
// ten seconds.
func (l *loop) run(ctx context.Context) {
	for ctx.Err() == nil {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		wait, err := l.step(call)
		cancel()
		if ctx.Err() != nil {
			return
		}
		l.note(err)
		timer := time.NewTimer(wait*2/3 + rand.N(wait*2/3))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (l *loop) note(err error) {
	switch {
	case err == nil && l.failing:
		logx.Infof("%s: works again", l.what)
		l.failing = false
	case err != nil && (!l.failing || time.Since(l.logged) > 10*time.Second):
		logx.Errorf("%s: %v; trying again", l.what, err)
		l.failing, l.logged = true, time.Now()
	}
}
