package redisq

import (
	"context"

	"github.com/zeroq-dev/zeroq"
)

// Configured implements [broker.Timetable].
func (b *Broker) Configured(ctx context.Context, origin string, schedules []zeroq.Schedule) error {
	listed := make(map[string]bool, len(schedules))
	for _, given := range schedules {
		if err := b.configure(ctx, origin, given); err != nil {
			return scheduleError(given.Name, err)
		}
		listed[given.Name] = true
	}
	all, err := b.findSchedules(ctx)
	if err != nil {
		return err
	}
	for name, f := range all {
		if f.Origin != origin || listed[name] {
			continue
		}
		if err := b.DeleteSchedule(ctx, name); err != nil && err != zeroq.ErrNotFound {
			return scheduleError(name, err)
		}
	}
	return nil
}

// configure makes one schedule of a configuration, unless it is there as this one already.
func (b *Broker) configure(ctx context.Context, origin string, given zeroq.Schedule) error {
	s, spec, err := b.complete(ctx, given)
	if err != nil {
		return err
	}
	configured := configHash(newSchedule(s, schedule{}), s.Task.Queue)
	for {
		old, err := b.findSchedule(ctx, s.Name)
		if err != nil || old.text != "" && old.Origin == origin && old.Configured == configured {
			return err
		}
		fresh := newSchedule(s, old.schedule)
		fresh.Origin, fresh.Configured = origin, configured
		if stored, err := b.store(ctx, s.Name, s.Task.Queue, spec, fresh, old); err != nil || stored {
			return err
		}
	}
}
