package carried

import "time"

// SetLongRun changes after how long a task counts as one that runs for long.
func (b *Broker) SetLongRun(d time.Duration) { b.longRun = d }
