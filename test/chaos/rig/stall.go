//go:build linux

package rig

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

const (
	// pulseEvery is the time between two looks at whether the machine and Redis go on.
	pulseEvery = 50 * time.Millisecond
	// stall is how long they may take over one: less than half the shortest lease of a run.
	stall = 400 * time.Millisecond
)

// watch notes when the machine stands still, or Redis does without having been told to, until ctx ends.
// On a busy machine live workers lose their leases by that, as they should.
func (r *Rig) watch(ctx context.Context) {
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	good, told := ledger.Now(), r.Redis.told.Load()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if !away(r.Redis.told.Load()) {
			_ = r.Redis.client.Ping(ctx).Err() // when it fails for no reason that is a stall, too
		}
		now, asked := ledger.Now(), r.Redis.told.Load()
		// What it was told to do meanwhile is noted by who told it.
		if now.Sub(good) > stall && asked == told && !away(asked) && ctx.Err() == nil {
			r.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Stall, At: good, Until: now})
		}
		good, told = now, asked
	}
}
