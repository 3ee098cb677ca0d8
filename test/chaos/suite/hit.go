//go:build linux

package suite

import (
	"context"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// hit is what is done to a process at a point.
type hit string

const (
	killed  hit = "kill -9"
	halted  hit = "SIGSTOP beyond the lease"
	unheard hit = "lost reply"
)

var hits = []hit{killed, halted, unheard}

// stopFor is how long a process is halted: its lease has run out by then, and its tasks are another's.
const stopFor = 2*lease + lease/4

// strike hits a process that stands at the point, and has another worker take over.
func (c *cell) strike(ctx context.Context, victim *rig.Process, armed *proxy.Armed) error {
	defer armed.Release()
	switch c.hit {
	case killed:
		victim.Kill(c.point.name)
		victim.Way.Reset() // what was sent and not passed on never arrives
		return c.replace(ctx, victim)
	case halted:
		victim.Stop()
		defer victim.Continue(c.point.name)
		if err := c.rescue(ctx); err != nil {
			return err
		}
		rest(ctx, stopFor)
		armed.Release() // it finds what it waited for, or sends what it was about to
		return ctx.Err()
	default:
		c.cut(victim)
		return c.rescue(ctx)
	}
}

// cut loses the reply, unless the trap has: where a handler stands, all that the process waits for.
func (c *cell) cut(victim *rig.Process) {
	if c.losesAtOnce() {
		now := ledger.Now()
		c.rig.Note(ledger.Record{
			Kind: ledger.Fault, Code: c.lost(), Process: victim.ID(), At: now, Until: now, Note: ledger.NoteOf(c.point.name),
		})
		return
	}
	victim.Cut(ledger.Reset, victim.Way.Reset)
}

// lost is what a connection that ends at the point is: a command that was sent never arrives.
func (c *cell) lost() ledger.Code {
	if c.point.trap.Moment == proxy.Sent {
		return ledger.Reset
	}
	return ledger.LostReply
}

// replace starts again what was killed, as whoever looks after processes does.
func (c *cell) replace(ctx context.Context, victim *rig.Process) error {
	if victim.Plan.Role == plan.API {
		_, err := c.rig.Start(ctx, victim.Plan)
		return err
	}
	return c.rescue(ctx)
}

// rescue starts a worker if there is none but the one that was hit.
func (c *cell) rescue(ctx context.Context) error {
	if c.rescued {
		return nil
	}
	c.rescued = true
	work := c.work
	work.Places = false
	_, err := c.rig.Worker(ctx, work)
	return err
}
