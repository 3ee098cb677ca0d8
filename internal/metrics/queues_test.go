package metrics

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zeroq-dev/zeroq"
)

func TestQueues_ShowWhatTheBrokerCounts(t *testing.T) {
	t.Parallel()
	registry, s := prometheus.NewPedanticRegistry(), &source{}
	s.answer(nil, zeroq.QueueInfo{
		Queue:     "mail",
		Counts:    map[zeroq.State]int64{zeroq.Ready: 7, zeroq.Dead: 2},
		OldestAge: 1500 * time.Millisecond,
		Totals:    map[zeroq.Counter]int64{zeroq.CountEnqueued: 12, zeroq.CountHandedBack: 1},
		Limits:    zeroq.Limits{Rate: 0.5, MaxLength: 100},
		Paused:    true,
	}, zeroq.QueueInfo{Queue: "other", Draining: true})
	show(t, registry, s)
	shown := scrape(t, registry)
	shown.want(t, 1, "zeroq_up")
	shown.want(t, 0, "zeroq_queues_omitted")
	shown.want(t, 7, "zeroq_queue_tasks", "mail", "ready")
	shown.want(t, 2, "zeroq_queue_tasks", "mail", "dead")
	shown.want(t, 0, "zeroq_queue_tasks", "mail", "leased")
	shown.want(t, 1.5, "zeroq_queue_oldest_seconds", "mail")
	shown.want(t, 12, "zeroq_tasks_total", "enqueued", "mail")
	shown.want(t, 1, "zeroq_tasks_total", "handed_back", "mail")
	shown.want(t, 0, "zeroq_tasks_total", "evicted", "mail") // at zero from the beginning, so that a rate sees the first
	shown.want(t, 1, "zeroq_queue_paused", "mail")
	shown.want(t, 0, "zeroq_queue_paused", "other")
	shown.want(t, 1, "zeroq_queue_draining", "other")
	shown.want(t, 0.5, "zeroq_queue_limit", "rate", "mail")
	shown.want(t, 100, "zeroq_queue_limit", "max_length", "mail")
	if n := len(shown["zeroq_queue_limit"].GetMetric()); n != 2 {
		t.Errorf("%d limits are shown, 2 are set", n)
	}
	if n := len(shown["zeroq_tasks_total"].GetMetric()); n != 2*len(zeroq.Counters) {
		t.Errorf("%d totals of two queues", n)
	}
}

func TestQueues_AreLookedAtOnceASecondAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, s := prometheus.NewRegistry(), &source{}
		s.hook = func(context.Context) { <-time.After(300 * time.Millisecond) }
		show(t, registry, s)
		var scrapes sync.WaitGroup
		for range 20 {
			scrapes.Go(func() { gather(t, registry).want(t, 1, "zeroq_up") })
		}
		scrapes.Wait()
		gather(t, registry)
		if n := s.looks.Load(); n != 1 {
			t.Errorf("%d looks within a second", n)
		}
		<-time.After(freshFor)
		gather(t, registry)
		if n := s.looks.Load(); n != 2 {
			t.Errorf("%d looks after a second", n)
		}
	})
}

func TestQueues_ASourceThatIsAwayHidesNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, s := prometheus.NewRegistry(), &source{}
		s.answer(errAway, zeroq.QueueInfo{Queue: "mail"})
		show(t, registry, s)
		_, leave := enter(t, registry, Pool{Name: "main", Slots: 10})
		t.Cleanup(leave)
		shown := gather(t, registry)
		shown.want(t, 0, "zeroq_up")
		shown.want(t, 10, "zeroq_worker_slots", "main")
		if shown["zeroq_queue_tasks"] != nil || shown["zeroq_queues_omitted"] != nil {
			t.Error("queues that nobody can see are shown")
		}
		s.answer(nil, zeroq.QueueInfo{Queue: "mail"})
		<-time.After(freshFor)
		shown = gather(t, registry)
		shown.want(t, 1, "zeroq_up")
		shown.want(t, 0, "zeroq_queue_tasks", "mail", "ready")
	})
}

func TestQueues_ASourceThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for _, heeds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			registry, s := prometheus.NewRegistry(), &source{}
			release := make(chan struct{})
			s.hook = func(ctx context.Context) {
				if heeds {
					<-ctx.Done()
					s.answer(ctx.Err())
				} else {
					<-release
				}
			}
			show(t, registry, s)
			for range 3 {
				began := time.Now()
				shown := gather(t, registry)
				if took := time.Since(began); took > lookTimeout {
					t.Errorf("heeds its context: %t: a scrape took %v", heeds, took)
				}
				if heeds && shown["zeroq_queue_tasks"] != nil {
					t.Error("queues are shown")
				}
				if !heeds {
					shown.want(t, 0, "zeroq_up")
				}
			}
			if n := s.looks.Load(); !heeds && n != 1 {
				t.Errorf("%d looks hang", n)
			}
			close(release)
			synctest.Wait()
		})
	}
}

func TestQueues_TooManyAreLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	registry, s := prometheus.NewRegistry(), &source{}
	for n := range maxQueues + 5 {
		s.infos = append(s.infos, zeroq.QueueInfo{Queue: fmt.Sprintf("q%03d", n)})
	}
	show(t, registry, s)
	shown := scrape(t, registry)
	shown.want(t, 5, "zeroq_queues_omitted")
	if n := len(shown["zeroq_queue_paused"].GetMetric()); n != maxQueues {
		t.Errorf("%d queues are shown", n)
	}
	if shown.find("zeroq_queue_paused", "q000") == nil || shown.find("zeroq_queue_paused", "q204") != nil {
		t.Error("it is not the first by name that are shown")
	}
}

func TestShow_TheNextSourceTakesOverWhenTheFirstLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		first, second := &source{}, &source{}
		first.answer(nil, zeroq.QueueInfo{Queue: "first"})
		second.answer(nil, zeroq.QueueInfo{Queue: "second"})
		stop, err := Show(registry, first)
		if err != nil {
			t.Fatal(err)
		}
		show(t, registry, second)
		gather(t, registry).want(t, 0, "zeroq_queue_paused", "first")
		stop()
		<-time.After(freshFor)
		gather(t, registry).want(t, 0, "zeroq_queue_paused", "second")
	})
}
