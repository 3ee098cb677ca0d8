package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A queue that gives nothing ahead has its share, though others would fill every slot from what was fetched ahead.
func TestAhead_QueueThatGivesNoneHasItsShare(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func(*rig){
		"at most once": func(*rig) {},
		"limit":        func(r *rig) { r.fake.queue("first").limit = 100 },
	} {
		for _, strict := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := prepare(t, oneSlot, func(c *Conf) {
						mode := broker.AtLeastOnce
						if name == "at most once" {
							mode = broker.AtMostOnce
						}
						c.Queues = []Queue{{Name: "first", Weight: 1, Mode: mode}, {Name: "second", Weight: 1, Mode: broker.AtLeastOnce}}
						c.Strict = strict
					})
					second(r)
					r.lasting("x")
					r.push(lasting("x", "1ms", 2000, zeroq.Queue("second"))...)
					r.start()
					pass(200 * time.Millisecond)
					r.push(lasting("x", "1ms", 200, zeroq.Queue("first"))...)
					pass(250 * time.Millisecond)
					left := r.waiting("first")
					if strict && left > 0 || left > 150 {
						t.Errorf("strict %t: %d of 200 tasks were passed over for 250 ms", strict, left)
					}
				})
			})
		}
	}
}
