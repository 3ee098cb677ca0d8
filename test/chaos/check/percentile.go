package check

import (
	"math"
	"time"
)

// Percentile is the time that p percent of the sorted times do not exceed: the largest for 100, and 0
// when there are none.
func Percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
