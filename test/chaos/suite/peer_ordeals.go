//go:build linux

package suite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// ordeal is something that systems go through.
type ordeal struct {
	name string
	// round is how long it takes until a system does again what it does from time to time: a fault can hit
	// at any moment of it. Each run has a moment of its own part of it; 0 is one run.
	round time.Duration
	// interrupts: it hits tasks that have to begin again.
	interrupts bool
	play       func(ctx context.Context, t *trial) error
}

// asynq looks for tasks of dead workers once a minute, zeroq more often.
const aRound = time.Minute

// parts is how many runs a round has.
const parts = 3

// runs is how many there are.
func (o ordeal) runs() int {
	if o.round == 0 {
		return 1
	}
	return parts
}

// ordeals are all, in the order of the table.
var ordeals = []ordeal{
	{name: "kill -9 of one of two workers", round: aRound, interrupts: true, play: killOne},
	{name: "SIGSTOP of one of two workers for 45 s", round: aRound, interrupts: true, play: stopOne},
	{name: "Redis full for 30 s", play: fullRedis},
	{name: "reply of a fetch lost", round: aRound, interrupts: true, play: loseFetch},
	{name: "replies of 4 outcomes lost", play: loseOutcomes},
	{name: "Redis halted for 20 s while handlers end", round: aRound, play: haltRedis},
}

const (
	// slots is how many tasks each worker runs at once, naps how many tasks there are: some run and some
	// wait when a fault hits, and none has to wait for a slot once it is recovered.
	slots = 5
	naps  = 20
	// quick is how many tasks there are that take no time.
	quick = 10_000

	asleep    = 45 * time.Second // a worker: longer than any lease
	full      = 30 * time.Second
	away      = 20 * time.Second // Redis: longer than zeroq's lease
	outcomes  = 4
	fetchNote = "fetch"
)

// napping are tasks of 2 to 5 s.
func (t *trial) napping(count int) plan.Load {
	l := plan.Load{First: 1, Count: count, Seed: t.random.Uint64()}
	for s := 2; s <= 5; s++ {
		l.Mix = append(l.Mix, plan.Share{Weight: 1, Deed: deed.Deed{Nap: time.Duration(s) * time.Second}})
	}
	return l
}

// crew starts two workers, and returns when they have been idle up to a moment of the round.
func (t *trial) crew(ctx context.Context) (workers [2]*rig.Process, err error) {
	idle := time.Duration((float64(t.part) + t.random.Float64()) / parts * float64(t.round))
	for i := range workers {
		if workers[i], err = t.rig.Worker(ctx, plan.Work{Concurrency: slots}); err != nil {
			return workers, err
		}
	}
	rest(ctx, idle)
	return workers, ctx.Err()
}

// busy sends naps to two workers, and returns one of them once both run all they can.
func (t *trial) busy(ctx context.Context, count int) (*rig.Process, error) {
	workers, err := t.crew(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.send(ctx, t.napping(count)); err != nil {
		return nil, err
	}
	return workers[0], await(ctx, func() (bool, error) {
		for _, w := range workers {
			if n, err := t.count(ledger.Started, w.ID()); n < slots || err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// count counts records of a kind, of one process; 0 is all.
func (t *trial) count(kind ledger.Kind, process uint32) (n int, err error) {
	records, err := ledger.Read(t.rig.Folder)
	for _, r := range records {
		if r.Kind == kind && (process == 0 || r.Process == process) {
			n++
		}
	}
	return n, err
}

func killOne(ctx context.Context, t *trial) error {
	victim, err := t.busy(ctx, naps)
	if err == nil {
		victim.Kill("")
	}
	return err
}

func stopOne(ctx context.Context, t *trial) error {
	victim, err := t.busy(ctx, naps)
	if err != nil {
		return err
	}
	victim.Stop()
	rest(ctx, asleep)
	victim.Continue("")
	return ctx.Err()
}

func haltRedis(ctx context.Context, t *trial) error {
	if _, err := t.busy(ctx, naps); err != nil {
		return err
	}
	if err := t.rig.Redis.Stop(); err != nil {
		return err
	}
	rest(ctx, away)
	return t.rig.Redis.Continue()
}

// fullRedis starts workers when Redis has no memory left, whatever they free.
func fullRedis(ctx context.Context, t *trial) error {
	if err := t.send(ctx, plan.Load{First: 1, Count: quick}); err != nil {
		return err
	}
	c, at := t.rig.Redis.Client(), ledger.Now()
	if err := c.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		return err
	}
	for range 2 {
		if _, err := t.rig.Worker(ctx, plan.Work{Concurrency: slots}); err != nil {
			return err
		}
	}
	rest(ctx, full)
	done, err := t.count(ledger.Ended, 0)
	if err != nil {
		return err
	}
	t.row.note(fmt.Sprintf("%d of %d tasks done meanwhile", done, quick))
	err = t.rig.Redis.Limit(ctx, 0) // all the rest can be done now
	t.rig.Note(ledger.Record{Kind: ledger.Fault, Code: ledger.RedisFull, At: at, Until: ledger.Now()})
	return err
}

// loseFetch has the reply get lost that hands out the only task there is. The others come after it.
func loseFetch(ctx context.Context, t *trial) error {
	workers, err := t.crew(ctx)
	if err != nil {
		return err
	}
	load := t.napping(naps)
	first, others := load, load
	first.Count, others.First, others.Count = 1, 2, naps-1
	first.Way = plan.Direct
	producer, err := t.rig.Producer(ctx, first, proxy.Trap{Match: carries(first.First)})
	if err != nil {
		return err
	}
	held := producer.Traps[0]
	if err := sprung(ctx, held); err != nil {
		return fmt.Errorf("the task was not sent: %w", err)
	}
	// A worker that looks at an empty queue just now may spring the trap for nothing; it hardly ever does.
	if err := t.loseEither(ctx, workers, held.Release); err != nil {
		return err
	}
	if err := producer.Wait(ctx); err != nil {
		return err
	}
	return t.send(ctx, others)
}

// loseEither loses the reply of the fetch of whichever worker is first, once it is let go.
func (t *trial) loseEither(ctx context.Context, workers [2]*rig.Process, letGo func()) error {
	ctx, cancel := context.WithTimeout(ctx, awaitFor)
	defer cancel()
	var either [2]*proxy.Armed
	for i, w := range workers {
		either[i] = w.Way.Arm(losing(t.fetch))
		defer either[i].Release()
	}
	letGo()
	select {
	case <-either[0].Tripped():
		t.lost(workers[0], fetchNote)
	case <-either[1].Tripped():
		t.lost(workers[1], fetchNote)
	case <-ctx.Done():
		return fmt.Errorf("no reply of a fetch was lost: %w", ctx.Err())
	}
	return nil
}

// carries matches commands with the deed of a task.
func carries(task uint64) func(args [][]byte) bool {
	number := fmt.Appendf(nil, `{"n":%d,`, task)
	return func(args [][]byte) bool {
		return slices.ContainsFunc(args, func(arg []byte) bool { return bytes.Contains(arg, number) })
	}
}

// loseOutcomes has replies get lost that say that an outcome is recorded.
func loseOutcomes(ctx context.Context, t *trial) error {
	victim, err := t.busy(ctx, outcomes*slots*2)
	if err != nil {
		return err
	}
	for range outcomes {
		if err := sprung(ctx, victim.Way.Arm(losing(t.settle))); err != nil {
			return fmt.Errorf("no reply of an outcome was lost: %w", err)
		}
		t.lost(victim, "outcome")
		rest(ctx, time.Second) // its next try is not hit
	}
	return ctx.Err()
}

func losing(trap proxy.Trap) proxy.Trap {
	trap.Moment, trap.Lose = proxy.Executed, true
	return trap
}

// sprung waits until a trap has.
func sprung(ctx context.Context, armed *proxy.Armed) error {
	ctx, cancel := context.WithTimeout(ctx, awaitFor)
	defer cancel()
	select {
	case <-armed.Tripped():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lost notes that a reply was.
func (t *trial) lost(victim *rig.Process, note string) {
	t.rig.Note(ledger.Record{Kind: ledger.Fault, Code: ledger.LostReply, Process: victim.ID(), Note: ledger.NoteOf(note)})
}

// withKeys matches scripts of asynq by the names of their first keys: they have none themselves.
func withKeys(names ...string) func(args [][]byte) bool {
	const beforeKeys = 3 // EVALSHA, the script, the number of keys
	return func(args [][]byte) bool {
		for i, name := range names {
			if at := beforeKeys + i; at >= len(args) || !bytes.HasSuffix(args[at], []byte("}:"+name)) {
				return false
			}
		}
		return true
	}
}
