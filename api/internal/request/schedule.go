package request

import (
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// scheduleReaders has every field of a schedule.
var scheduleReaders = map[string]reader[zeroq.Schedule]{
	"spec":     text(func(s *zeroq.Schedule) *string { return &s.Spec }),
	"timezone": text(func(s *zeroq.Schedule) *string { return &s.Timezone }),
	"jitter":   duration(func(s *zeroq.Schedule) *time.Duration { return &s.Jitter }, 0),
	"overlap":  text(func(s *zeroq.Schedule) *zeroq.Overlap { return &s.Overlap }),
	"catch_up": text(func(s *zeroq.Schedule) *zeroq.CatchUp { return &s.CatchUp }),
	"paused":   flag(func(s *zeroq.Schedule) *bool { return &s.Paused }),
	"task":     scheduledTask,
}

// notScheduled are fields that each task of a schedule has of its own, and the unique key, in place of
// which a schedule has overlap.
var notScheduled = map[string]bool{
	"id": true, "delay": true, "run_at": true, "deadline": true, "expires_at": true, "unique": true,
}

// Schedule reads a schedule without its name. What is wrong with its times the timetable tells.
func Schedule(raw []byte, now time.Time) (schedule zeroq.Schedule, err error) {
	err = objectOf(raw, "a schedule must be a JSON object", func(p *parser, name string) error {
		read, ok := scheduleReaders[name]
		if !ok {
			return unknownField(name)
		}
		return read(p, name, &schedule)
	})
	switch {
	case err != nil:
		return schedule, err
	case schedule.Spec == "":
		return schedule, problem.Field("spec", "spec is missing")
	case schedule.Task == nil:
		return schedule, problem.Field("task", "task is missing")
	}
	return schedule, ofTask(schedule.Task.Validate(now))
}

func scheduledTask(p *parser, name string, schedule *zeroq.Schedule) error {
	schedule.Task = &zeroq.Task{}
	return p.object(name, "an object", func(member string) error {
		field := cut(name + "." + member)
		if notScheduled[member] {
			return problem.Unknown(field, field+" cannot be set in a schedule")
		}
		return p.field(member, field, schedule.Task)
	})
}

// ofTask says that what is wrong with a field is wrong with it in the field task.
func ofTask(err error) error {
	var field *zeroq.FieldError
	if errors.As(err, &field) {
		return &zeroq.FieldError{Field: "task." + field.Field, Reason: field.Reason}
	}
	return err
}
