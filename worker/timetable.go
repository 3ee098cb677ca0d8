package worker

import (
	"context"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/upkeep"
)

// configureEvery is how long the worker waits after it could not make its schedules.
const configureEvery = time.Second

// keepTimetable makes the schedules of the configuration and has all schedules tick until ctx ends.
// Those that are there tick, whether or not those of the configuration can be made.
func (w *Worker) keepTimetable(ctx context.Context) {
	made := make(chan struct{})
	go func() {
		defer close(made)
		w.makeSchedules(ctx)
	}()
	upkeep.Timetable(ctx, w.broker, w.peers)
	<-made
}

// makeSchedules tries until it has worked. A worker without schedules leaves those of others alone:
// it may be one of many that tick for one that has them.
func (w *Worker) makeSchedules(ctx context.Context) {
	if len(w.conf.Schedules) == 0 {
		return
	}
	schedules := make([]zeroq.Schedule, len(w.conf.Schedules))
	for i, s := range w.conf.Schedules {
		schedules[i] = s.schedule()
	}
	for said := false; ; said = true {
		call, cancel := context.WithTimeout(ctx, checkTimeout)
		err := w.broker.Configured(call, w.conf.origin(), schedules)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		if !said {
			logx.Errorf("schedules: %v; trying again", err)
		}
		timer := time.NewTimer(configureEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// peers is how many workers look after schedules, as far as this one sees: those of its first queue.
func (w *Worker) peers(ctx context.Context) (int, error) {
	return w.broker.LiveWorkers(ctx, w.info.Queues[0])
}
