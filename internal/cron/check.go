package cron

import (
	"cmp"
	"errors"
	"maps"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// The headers by which a handler knows that its task was enqueued by a schedule: the schedule's name,
// and the time that the task is for.
const (
	HeaderName = "zeroq-schedule"
	HeaderTime = "zeroq-scheduled-at"
)

// maxJitter is the most that a task may be delayed by chance.
const maxJitter = time.Hour

// Complete returns the schedule with its defaults and what its spec says. What is wrong with it is a
// [zeroq.FieldError] that names the field; those of its task begin with "task.".
func Complete(s zeroq.Schedule) (zeroq.Schedule, *Spec, error) {
	if err := checkName(s.Name); err != nil {
		return s, nil, err
	}
	spec, err := Parse(s.Spec, s.Timezone)
	if err != nil {
		return s, nil, err
	}
	s.Timezone = cmp.Or(s.Timezone, "UTC")
	s.Overlap = cmp.Or(s.Overlap, zeroq.OverlapAllow)
	s.CatchUp = cmp.Or(s.CatchUp, zeroq.CatchUpNone)
	if err := checkPolicies(s); err != nil {
		return s, nil, err
	}
	s.Task, err = completeTask(s.Task)
	return s, spec, err
}

// checkName: a schedule is named as a queue is.
func checkName(name string) error {
	var wrong *zeroq.FieldError
	if errors.As(zeroq.ValidateQueue(name), &wrong) {
		return &zeroq.FieldError{Field: "name", Reason: wrong.Reason}
	}
	return nil
}

func checkPolicies(s zeroq.Schedule) error {
	switch {
	case s.Jitter < 0 || s.Jitter > maxJitter:
		return &zeroq.FieldError{Field: "jitter", Reason: "must be at most 1h, and not negative"}
	case s.Overlap != zeroq.OverlapAllow && s.Overlap != zeroq.OverlapSkip:
		return &zeroq.FieldError{Field: "overlap", Reason: "must be allow or skip"}
	case s.CatchUp != zeroq.CatchUpNone && s.CatchUp != zeroq.CatchUpLast && s.CatchUp != zeroq.CatchUpAll:
		return &zeroq.FieldError{Field: "catch_up", Reason: "must be none, last or all"}
	}
	return nil
}

// completeTask returns a copy of the task with its defaults.
func completeTask(given *zeroq.Task) (*zeroq.Task, error) {
	if given == nil {
		return nil, &zeroq.FieldError{Field: "task", Reason: "is missing"}
	}
	task := *given
	if err := checkTask(&task); err != nil {
		return nil, inTask(err)
	}
	task.SetDefaults()
	return &task, nil
}

// checkTask refuses what only one task can have, not each of a schedule's.
func checkTask(t *zeroq.Task) error {
	switch {
	case t.ID != "":
		return &zeroq.FieldError{Field: "id", Reason: "must be left out: each task of a schedule has an id of its own"}
	case t.Delay != 0:
		return &zeroq.FieldError{Field: "delay", Reason: "must be left out: say when by spec, and how far to spread by jitter"}
	case !t.RunAt.IsZero():
		return &zeroq.FieldError{Field: "run_at", Reason: "must be left out: the schedule's spec says when"}
	case !t.Deadline.IsZero():
		return &zeroq.FieldError{Field: "deadline", Reason: "must be left out: one moment cannot hold for each task; use timeout and max_attempts"}
	case !t.ExpiresAt.IsZero():
		return &zeroq.FieldError{Field: "expires_at", Reason: "must be left out: one moment cannot hold for each task"}
	case t.Unique != nil:
		return &zeroq.FieldError{Field: "unique", Reason: "must be left out: overlap skip keeps a second task away"}
	}
	for _, name := range []string{HeaderName, HeaderTime} {
		if _, taken := t.Headers[name]; taken {
			return &zeroq.FieldError{Field: "headers", Reason: "must not have " + name + ", which the schedule sets"}
		}
	}
	sample := *t
	sample.Headers = Headers("x", time.Time{}, t.Headers)
	return sample.Validate(time.Now())
}

// inTask says that a field is one of the task.
func inTask(err error) error {
	var wrong *zeroq.FieldError
	if errors.As(err, &wrong) {
		return &zeroq.FieldError{Field: "task." + wrong.Field, Reason: wrong.Reason}
	}
	return err
}

// Headers are those of a task that the schedule of the name enqueues for a time: those of its own, and
// two that say so.
func Headers(name string, at time.Time, own map[string]string) map[string]string {
	all := make(map[string]string, len(own)+2)
	maps.Copy(all, own)
	all[HeaderName], all[HeaderTime] = name, wire.FormatTime(at)
	return all
}
