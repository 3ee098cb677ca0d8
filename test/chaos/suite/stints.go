//go:build linux

package suite

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// stint is one thing that is done around a broker, again and again.
type stint struct {
	name   string
	faults []fault
	// pause bounds the time between two faults.
	pause time.Duration
	// all: they hit no worker in particular.
	all bool
	// only is the broker that it is for; "" is both.
	only string
	// kills: it kills the broker. slow: it takes longer than the session of a worker at the broker.
	kills, slow bool
	// harmless: it costs no second run.
	harmless bool
	fsync    rig.Fsync
	// drain and mix are the workers' and the tasks', if they are not as usual.
	drain time.Duration
	mix   []plan.Share
	// codes are what has to be in the ledger afterwards.
	codes []ledger.Code
}

// least is what the ledger has to show of a stint.
func (t stint) least() map[ledger.Code]int {
	least := make(map[ledger.Code]int)
	for _, code := range t.codes {
		least[code] = 1
	}
	return least
}

const (
	// silence bounds how long somebody is silent for longer than the session of a worker at the broker.
	minSilence, maxSilence = 11 * time.Second, 14 * time.Second
)

// slowly is what handlers do that take their time.
var slowly = []plan.Share{
	{Weight: 4, Deed: deed.Deed{Nap: 100 * time.Millisecond}},
	{Weight: 1, Deed: deed.Deed{Nap: 1500 * time.Millisecond}},
}

// stints are all of them, those first that take longest.
var stints = []stint{
	{name: "slow handlers, SIGSTOP beyond session and lease", slow: true, mix: slowly, pause: time.Second, codes: []ledger.Code{ledger.Stop},
		faults: []fault{{"SIGSTOP", 1, minSilence, maxSilence, stop}}},
	{name: "black hole beyond the session", slow: true, harmless: true, pause: time.Second, codes: []ledger.Code{ledger.CarrierHole},
		faults: []fault{{"short", 1, 0, 2 * time.Second, darken}, {"long", 2, minSilence, maxSilence, darken}}},
	{name: "broker killed and started again", kills: true, harmless: true, all: true, pause: 4 * time.Second, codes: []ledger.Code{ledger.CarrierKill},
		faults: []fault{{"quick", 2, 0, time.Second, killCarrier}, {"long", 1, 2 * time.Second, 4 * time.Second, killCarrier}}},
	{name: "kill -9 of workers", slow: true, pause: 24 * time.Second, codes: []ledger.Code{ledger.Kill},
		faults: []fault{{"kill -9", 1, 0, 0, kill}}},
	{name: "rebalances: workers join and leave", harmless: true, drain: 5 * time.Second, pause: 2 * time.Second, codes: []ledger.Code{ledger.Term},
		faults: []fault{{"SIGTERM", 1, 0, 0, term}}},
	{name: "rebalances: workers join, leave, are cut short and die", drain: 50 * time.Millisecond, pause: 2 * time.Second,
		codes: []ledger.Code{ledger.Term, ledger.Kill}, slow: true,
		faults: []fault{{"SIGTERM", 3, 0, 0, term}, {"kill -9", 1, 0, 0, kill}}},
	{name: "connections reset", harmless: true, pause: 500 * time.Millisecond, codes: []ledger.Code{ledger.CarrierReset},
		faults: []fault{{"reset", 1, 0, 0, cutLine}}},
	{name: "relay killed before and after publish and Done", all: true, slow: true, pause: 8 * time.Second, codes: []ledger.Code{ledger.Kill},
		faults: []fault{{"relay", 1, 0, 0, killRelay("relay_done", proxy.Sent)}, {"relay", 1, 0, 0, killRelay("relay_take", proxy.Executed)},
			{"relay", 1, 0, 0, killRelay("relay_done", proxy.Executed)}}},
	{name: "replies of Redis lost", harmless: true, pause: 300 * time.Millisecond, codes: []ledger.Code{ledger.LostReply},
		faults: []fault{{"lost reply", 1, 0, time.Second, loseReply("admit", "relay_take", "relay_done", "measure", "settle", "beat", "gate")}}},
	{name: "Redis killed and halted", all: true, fsync: rig.Always, pause: 3 * time.Second, codes: []ledger.Code{ledger.RedisKill},
		faults: []fault{{"quick", 2, 0, lease / 4, killRedis}, {"long", 1, 3 * lease / 2, 2 * lease, killRedis}, {"halt", 1, lease / 4, 2 * lease, stopRedis}}},
}

// cutLine breaks a worker's connections to the broker.
func cutLine(_ context.Context, v victim) error {
	return v.process.CutLine(ledger.CarrierReset, rig.Line.Reset)
}

// darken parts a worker from the broker.
func darken(ctx context.Context, v victim) error {
	return v.process.CutLine(ledger.CarrierHole, func(l rig.Line) {
		l.BlackHole()
		rest(ctx, v.length)
		l.Pass()
	})
}

// killCarrier kills the broker for a time.
func killCarrier(ctx context.Context, v victim) error {
	v.rig.Carrier.Kill()
	rest(ctx, v.length)
	return v.rig.Carrier.Restart()
}

// killRelay kills the worker that moves tasks to the broker, at one of its steps.
func killRelay(command string, moment proxy.Moment) func(context.Context, victim) error {
	return func(ctx context.Context, v victim) error {
		hit, armed := make(chan *rig.Process), []*proxy.Armed{}
		over, cancel := context.WithTimeout(ctx, awaitFor)
		defer cancel()
		for _, p := range v.rig.Processes(plan.Worker) {
			trap := p.Way.Arm(proxy.Trap{Command: command, Moment: moment})
			armed = append(armed, trap)
			go func() {
				select {
				case <-trap.Tripped():
				case <-over.Done():
					return
				}
				select {
				case hit <- p:
				case <-over.Done():
				}
			}()
		}
		select {
		case p := <-hit:
			p.Kill(command)
			p.Way.Reset() // what was sent and not passed on never arrives
		case <-over.Done():
			return fmt.Errorf("nobody came to %s: %w", command, over.Err())
		}
		for _, trap := range armed {
			trap.Release()
		}
		return nil
	}
}
