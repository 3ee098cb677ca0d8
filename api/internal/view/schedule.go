package view

import (
	"cmp"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Schedule is a schedule, with its defaults filled in.
func Schedule(s zeroq.Schedule) *types.Schedule {
	next := make([]string, len(s.NextRuns))
	for i, at := range s.NextRuns {
		next[i] = at.UTC().Format(layout)
	}
	return &types.Schedule{
		Name:     s.Name,
		Spec:     s.Spec,
		Timezone: cmp.Or(s.Timezone, time.UTC.String()),
		Jitter:   s.Jitter.String(),
		Overlap:  string(cmp.Or(s.Overlap, zeroq.OverlapAllow)),
		CatchUp:  string(cmp.Or(s.CatchUp, zeroq.CatchUpNone)),
		Task:     scheduledTask(s.Task),
		Paused:   s.Paused,
		NextRuns: next,
		LastRun:  moment(s.LastRun),
		LastTask: word(s.LastTask),
		Skipped:  s.Skipped,
	}
}

// Schedules is a page of schedules. next is nil for the last.
func Schedules(schedules []zeroq.Schedule, next *string) *types.Schedules {
	items := make([]types.Schedule, len(schedules))
	for i, s := range schedules {
		items[i] = *Schedule(s)
	}
	return &types.Schedules{Items: items, NextCursor: next}
}

func scheduledTask(task *zeroq.Task) types.ScheduledTask {
	if task == nil {
		task = &zeroq.Task{}
	}
	return types.ScheduledTask{
		Type:        task.Type,
		Queue:       cmp.Or(task.Queue, zeroq.DefaultQueue),
		Data:        raw(task.Data),
		MaxAttempts: task.MaxAttempts,
		Timeout:     duration(task.Timeout),
		Retention:   duration(task.Retention),
		Priority:    string(task.Priority),
		Group:       task.Group,
		Headers:     task.Headers,
	}
}

// duration is empty for the zero that stands for the default.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
