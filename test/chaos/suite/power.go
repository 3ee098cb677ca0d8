//go:build linux

package suite

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Power is a Redis that writes to disk once a second, and is killed or loses its power. What was
// answered before the last two seconds is never lost.
type Power struct {
	// For is how long that goes on.
	For time.Duration
}

// onPower is what may happen to a Redis that writes once a second.
var onPower = []fault{
	{"kill -9", 1, 0, stormLease, killRedis},
	{"power cut", 2, time.Second / 2, time.Second, cutPower},
}

// Name implements [Suite].
func (Power) Name() string { return "power" }

// Run implements [Suite].
func (p Power) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row, cut := NewRow("power cuts of Redis"), int64(0)
	err := stage.run(ctx, row, "power", rig.Everysec, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		err := tempest(ctx, stage, r, p.For, func(*crew) []vandal {
			return []vandal{{faults: onPower, pause: 4 * time.Second}}
		})
		cut = r.Redis.Cut()
		return check.Rules{Settle: stormSettle, Memory: tidy}, err
	})
	if row.note(fmt.Sprintf("%d bytes lost", cut)); cut == 0 {
		row.fail("no power cut lost anything")
	}
	return []*Row{row}, err
}
