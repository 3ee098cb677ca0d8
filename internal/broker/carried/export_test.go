package carried

import (
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// SetLongRun changes after how long a task counts as one that runs for long, for members that join.
func (b *Broker) SetLongRun(d time.Duration) {
	b.longRun = func(broker.Powers) time.Duration { return d }
}

// NameOf is the ID of a bare message of a batch.
var NameOf = nameOf
