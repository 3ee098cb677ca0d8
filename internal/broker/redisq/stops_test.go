package redisq

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Messages go to all databases of a server: another zeroq there may call off a task of the same queue and id.
func TestStops_MessageOfAnotherDatabaseStopsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	told := make(chan string, 100)
	m, err := r.Join(t.Context(), broker.Join{
		Queue: "q", Worker: "w", Mode: broker.AtLeastOnce, Lease: time.Minute, Stop: func(id string) { told <- id },
	})
	r.must(err)
	r.put(newTasks(3)...)
	var ids []string
	r.until("the tasks are fetched", func() bool {
		deliveries, err := m.Fetch(t.Context(), 3, 0)
		r.must(err)
		for _, d := range deliveries {
			ids = append(ids, d.Task.ID)
		}
		return len(ids) == 3
	})
	say := func(id string) { r.must(r.client.Publish(t.Context(), r.keys.stop, id).Err()) }
	_, err = r.Cancel(t.Context(), ids[0], "q")
	r.must(err)
	r.until("messages are heard", func() bool {
		say(ids[0]) // the first may come before the subscription
		return len(told) > 0
	})
	say(ids[1])
	_, err = r.Cancel(t.Context(), ids[2], "q")
	r.must(err)
	for id := ""; id != ids[2]; {
		if id = <-told; id == ids[1] {
			t.Fatal("a task is stopped that was not called off here")
		}
	}
}
