//go:build linux

package suite

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Locks has producers fight for a few unique keys, and send the same requests twice under the same
// idempotency keys, while APIs and workers are killed and answers are lost. A key never has two
// holders, no lock stays behind, and no request is done twice.
type Locks struct {
	// For is how long processes are hit.
	For time.Duration
}

const (
	// lockRate is how many tasks a second each producer sends.
	lockRate = 100
	// lockKeys is how many unique keys there are: few enough to be held most of the time.
	lockKeys = 12
	// replySoon is how long is waited for a call whose reply is to be lost.
	replySoon = time.Second
	// longLocks is from when on APIs are killed amid requests with idempotency keys: each may have clients wait
	// for a minute then.
	longLocks = time.Minute
)

// Name implements [Suite].
func (Locks) Name() string { return "locks" }

// Run implements [Suite].
func (l Locks) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	unique, same := NewRow("fight for unique keys"), NewRow("the same requests sent twice")
	var runs errgroup.Group
	runs.Go(func() error {
		return stage.run(ctx, unique, "unique keys", rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
			return check.Rules{Unique: true}, l.fight(ctx, r, stage.Random("unique keys"))
		})
	})
	runs.Go(func() error {
		return stage.run(ctx, same, "idempotency keys", rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
			return check.Rules{Shared: true}, l.repeat(ctx, r, stage.Random("idempotency keys"))
		})
	})
	err := runs.Wait()
	same.show(map[ledger.Code]int{ledger.LostReply: 1})
	if l.For >= longLocks {
		same.show(map[ledger.Code]int{ledger.Kill: 1})
		unique.show(map[ledger.Code]int{ledger.Kill: 3, ledger.Stop: 3, ledger.LostReply: 3})
	}
	if unique.Faults == 0 {
		unique.fail("nothing was broken")
	}
	if unique.Refused == 0 {
		unique.fail("nobody was refused: there was no fight")
	}
	return []*Row{unique, same}, err
}

// fight has producers of both ways send tasks of few keys, and hits workers and APIs.
func (l Locks) fight(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	api, err := r.API(ctx)
	if err != nil {
		return err
	}
	count := int(l.For.Seconds() * lockRate)
	mix := []plan.Share{
		{Weight: 6, Deed: deed.Deed{Nap: 20 * time.Millisecond}},
		{Weight: 2, Deed: deed.Deed{Nap: 100 * time.Millisecond}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 1}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Give}},
	}
	for i, way := range []string{plan.ByHTTP, plan.Direct, plan.ByHTTP, plan.Direct} {
		_, err := r.Producer(ctx, plan.Load{
			Way: way, URL: api.URL(), First: uint64(1 + i*count), Count: count, Rate: lockRate,
			Seed: random.Uint64(), Mix: mix, Keys: lockKeys,
		})
		if err != nil {
			return err
		}
	}
	work := plan.Work{Concurrency: 8, Lease: lease, Drain: lease}
	for range 3 {
		if _, err := r.Worker(ctx, work); err != nil {
			return err
		}
	}
	return untilSent(ctx, r, func() error {
		rest(ctx, time.Duration(random.Int64N(int64(800*time.Millisecond))))
		switch random.IntN(4) {
		case 0:
			pick(r, plan.Worker, random).Kill("")
			_, err := r.Worker(ctx, work)
			return err
		case 1:
			return startAgain(ctx, r, pick(r, plan.API, random))
		case 2:
			pick(r, plan.Producer, random).LoseReply(ctx, "enqueue_one", replySoon)
		case 3:
			victim := pick(r, plan.Worker, random)
			victim.Stop()
			rest(ctx, 5*lease/4)
			victim.Continue("")
		}
		return ctx.Err()
	})
}

// repeat has pairs of producers send the very same requests through two APIs whose answers are lost, and
// that are killed again and again if there is time. No worker is hit, so nothing may run twice.
func (l Locks) repeat(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	if _, err := r.Worker(ctx, plan.Work{Concurrency: 8, Lease: longLease}); err != nil {
		return err
	}
	count, seed := int(l.For.Seconds()*lockRate), random.Uint64()
	for range 2 {
		api, err := r.API(ctx)
		if err != nil {
			return err
		}
		for pair := range 2 {
			_, err := r.Producer(ctx, plan.Load{
				Way: plan.ByKey, URL: api.URL(), First: uint64(1 + pair*count), Count: count, Rate: lockRate, Seed: seed,
			})
			if err != nil {
				return err
			}
		}
	}
	return untilSent(ctx, r, func() error {
		rest(ctx, time.Duration(random.Int64N(int64(time.Second))))
		victim := pick(r, plan.API, random)
		if random.IntN(3) == 0 && l.For >= longLocks {
			return startAgain(ctx, r, victim)
		}
		victim.LoseReply(ctx, []string{"reserve", "enqueue_one", "answer"}[random.IntN(3)], replySoon)
		return ctx.Err()
	})
}

// untilSent does something again and again until all producers have sent all they had.
func untilSent(ctx context.Context, r *rig.Rig, do func() error) error {
	for len(r.Processes(plan.Producer)) > 0 {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// pick is one of the live processes of a role; of producers that end meanwhile it may be any process.
func pick(r *rig.Rig, role string, random *rand.Rand) *rig.Process {
	live := r.Processes(role)
	if len(live) == 0 {
		live = r.Processes("")
	}
	return live[random.IntN(len(live))]
}

// startAgain kills a process and starts another with its plan.
func startAgain(ctx context.Context, r *rig.Rig, p *rig.Process) error {
	p.Kill("")
	_, err := r.Start(ctx, p.Plan)
	return err
}
