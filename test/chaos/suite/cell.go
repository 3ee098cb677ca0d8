//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// cell is one run of the matrix: one hit at one point.
type cell struct {
	rig    *rig.Rig
	point  point
	hit    hit
	random *rand.Rand
	load   plan.Load
	work   plan.Work

	firstTick time.Time // of the schedule, if there is one
	rescued   bool
	waits     []func(context.Context) error // until what was begun on the way has ended
}

// cellName is what cells are called, in what goes wrong and in [Matrix.Only].
func cellName(p point, h hit) string { return fmt.Sprintf("%s at %q", h, p.name) }

func newCell(r *rig.Rig, p point, h hit, random *rand.Rand) *cell {
	c := &cell{rig: r, point: p, hit: h, random: random, load: p.load, work: p.work}
	c.load.First, c.load.Seed = 1, random.Uint64()
	if c.load.Count == 0 {
		c.load.Count = 20 + random.IntN(21)
	}
	if c.load.Way == "" {
		c.load.Way, c.load.Batch = plan.Direct, 10
	}
	if c.load.Mix == nil {
		c.load.Mix = []plan.Share{
			{Weight: 3, Deed: deed.Deed{Nap: time.Millisecond}},
			{Weight: 1, Deed: deed.Deed{Nap: 20 * time.Millisecond}},
		}
	}
	if c.work.Concurrency == 0 {
		c.work.Concurrency = 4
	}
	c.work.Lease = lease
	return c
}

// play has a process walk into the trap, hits it there, and waits for all who send.
func (c *cell) play(ctx context.Context) (check.Rules, error) {
	rules := c.point.rules
	rules.Harmless = c.hit == unheard
	victim, armed, err := c.point.lead(c, ctx)
	if err != nil {
		return rules, err
	}
	if armed, err = c.met(ctx, victim, armed); err != nil {
		return rules, err
	}
	if err := c.strike(ctx, victim, armed); err != nil {
		return rules, err
	}
	for _, wait := range c.waits {
		if err := wait(ctx); err != nil {
			return rules, err
		}
	}
	if c.point.finish == nil {
		return rules, nil
	}
	return rules, c.point.finish(c, ctx, &rules)
}

// losesAtOnce tells whether the trap itself loses the reply. Where it has to be seen first whether the
// process stands at the point, it is held.
func (c *cell) losesAtOnce() bool {
	return c.hit == unheard && c.point.met == nil && !c.point.inHandler()
}

// trap is that of the point; it does not always spring for the first command that fits.
func (c *cell) trap() proxy.Trap {
	trap := c.point.trap
	trap.Lose = c.losesAtOnce()
	if c.point.skips > 0 {
		trap.Skip = c.random.IntN(c.point.skips + 1)
	}
	return trap
}

// errPassed is of a run in which the point was never met.
var errPassed = errors.New("no process came to the point")

// met waits until the process stands at the point.
func (c *cell) met(ctx context.Context, victim *rig.Process, armed *proxy.Armed) (*proxy.Armed, error) {
	ctx, cancel := context.WithTimeout(ctx, awaitFor)
	defer cancel()
	for {
		select {
		case <-armed.Tripped():
		case <-ctx.Done():
			return nil, errPassed
		}
		if c.point.met == nil {
			return armed, nil
		}
		if met, err := c.point.met(c, ctx); met || err != nil {
			return armed, err
		}
		trap := c.trap()
		trap.Skip = 0
		next := victim.Way.Arm(trap)
		armed.Release()
		armed = next
	}
}

// send has all tasks sent.
func (c *cell) send(ctx context.Context) error { return c.rig.Send(ctx, c.load) }

// sending starts a producer, which is waited for in the end.
func (c *cell) sending(ctx context.Context, traps ...proxy.Trap) (*rig.Process, error) {
	p, err := c.rig.Producer(ctx, c.load, traps...)
	if err == nil {
		c.waits = append(c.waits, p.Wait)
	}
	return p, err
}

// worker starts a worker with the trap of the point.
func (c *cell) worker(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	p, err := c.rig.Worker(ctx, c.work, c.trap())
	if err != nil {
		return nil, nil, err
	}
	return p, p.Traps[0], nil
}
