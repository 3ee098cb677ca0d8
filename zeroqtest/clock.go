package zeroqtest

import "time"

// clock is the time of queues: it stands until the test moves it or, in a bubble of testing/synctest,
// is that of the bubble.
type clock struct {
	at     time.Time
	bubble bool
}

func (c *clock) now() time.Time {
	if c.bubble {
		return time.Now().UTC()
	}
	return c.at
}

// move moves the clock on to a time, if that has not come yet.
func (c *clock) move(to time.Time) {
	if !c.bubble && to.After(c.at) {
		c.at = to
	}
}

// wait is what moves the clock in a bubble. Who holds a lock must not wait, as time stands while
// others want it.
func (c *clock) wait(to time.Time) {
	if c.bubble {
		time.Sleep(time.Until(to))
	}
}
