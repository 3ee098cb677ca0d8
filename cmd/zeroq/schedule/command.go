// Package schedule is the command "zeroq schedules".
package schedule

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// Command returns the command.
func Command() *cobra.Command {
	return session.Group(&cobra.Command{Use: "schedules", Short: "Look at schedules, make them, run them, delete them"},
		list(), get(), put(), remove(), run(),
		verb("pause", "Let the times of a schedule pass without a task", "is paused", (*client.Client).PauseSchedule),
		verb("resume", "Let a schedule go on", "goes on", (*client.Client).ResumeSchedule))
}

func list() *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "List the schedules", Args: cobra.NoArgs}
	return session.New(command, func(ctx context.Context, s *session.Session, _ []string) error {
		schedules, err := s.API.Schedules(ctx)
		if err != nil {
			return err
		}
		return s.Write(func() {
			rows := make([][]any, len(schedules))
			for i, sc := range schedules {
				rows[i] = []any{sc.Name, sc.Spec, sc.Timezone, sc.Task.Type, sc.Task.Queue, next(s, sc), s.Ago(sc.LastRun)}
			}
			s.Table([]string{"NAME", "SPEC", "ZONE", "TYPE", "QUEUE", "NEXT", "LAST"}, rows)
		})
	})
}

// next is when the schedule enqueues its next task.
func next(s *session.Session, schedule zeroq.Schedule) session.Painted {
	switch {
	case schedule.Paused:
		return s.Warn("paused")
	case len(schedule.NextRuns) == 0:
		return "-"
	}
	return session.Painted(s.Ago(schedule.NextRuns[0]))
}

func get() *cobra.Command {
	return one("get", "Show a schedule", func(ctx context.Context, s *session.Session, name string) error {
		schedule, err := s.API.Schedule(ctx, name)
		if err != nil {
			return err
		}
		return s.Write(func() { show(s, schedule) })
	})
}

func remove() *cobra.Command {
	return one("delete", "Delete a schedule", func(ctx context.Context, s *session.Session, name string) error {
		if err := s.API.DeleteSchedule(ctx, name); err != nil {
			return err
		}
		return s.Write(func() { fmt.Fprintln(s.Out, "schedule", name, "is deleted") })
	})
}

func run() *cobra.Command {
	const short = "Enqueue the task of a schedule now, and write its id"
	return one("run", short, func(ctx context.Context, s *session.Session, name string) error {
		id, err := s.API.RunSchedule(ctx, name)
		if err != nil {
			return err
		}
		return s.Write(func() { fmt.Fprintln(s.Out, id) })
	})
}

func verb(
	name, short, became string, do func(*client.Client, context.Context, string) (zeroq.Schedule, error),
) *cobra.Command {
	return one(name, short, func(ctx context.Context, s *session.Session, name string) error {
		if _, err := do(s.API, ctx, name); err != nil {
			return err
		}
		return s.Write(func() { fmt.Fprintln(s.Out, "schedule", name, became) })
	})
}

// one is a command on one schedule.
func one(verb, short string, do func(ctx context.Context, s *session.Session, name string) error) *cobra.Command {
	command := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: session.ScheduleNames,
	}
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		return do(ctx, s, args[0])
	})
}

func show(s *session.Session, schedule zeroq.Schedule) {
	task := schedule.Task
	jitter := ""
	if schedule.Jitter > 0 {
		jitter = "up to " + session.Length(schedule.Jitter)
	}
	fields := []session.Field{
		{Name: "name", Value: schedule.Name},
		{Name: "spec", Value: schedule.Spec},
		{Name: "timezone", Value: schedule.Timezone},
		{Name: "jitter", Value: jitter},
		{Name: "overlap", Value: schedule.Overlap},
		{Name: "catch up", Value: schedule.CatchUp},
		{Name: "task", Value: task.Type + " on " + task.Queue},
		{Name: "data", Value: string(task.Data)},
		{Name: "last run", Value: s.Moment(schedule.LastRun)},
		{Name: "last task", Value: schedule.LastTask},
		{Name: "skipped", Value: schedule.Skipped},
	}
	if schedule.Paused {
		fields = append(fields, session.Field{Name: "next runs", Value: s.Warn("paused")})
	}
	name := "next runs"
	for _, at := range schedule.NextRuns {
		fields = append(fields, session.Field{Name: name, Value: s.Moment(at)})
		name = ""
	}
	s.Fields(fields...)
}
