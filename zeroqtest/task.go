package zeroqtest

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// workerID is the id of the worker that runs tasks here.
const workerID = "zeroqtest"

// resolution is how exact the times of tasks are once they are in a queue.
const resolution = time.Millisecond

// copyOf returns a task that shares nothing with the one given.
func copyOf(t *zeroq.Task) *zeroq.Task {
	own := *t
	own.Data, own.Headers, own.Errors = bytes.Clone(t.Data), maps.Clone(t.Headers), slices.Clone(t.Errors)
	if t.Unique != nil {
		unique := *t.Unique
		own.Unique = &unique
	}
	return &own
}

// stamp sets the times of a task that is enqueued now, as exact as messages have them.
func stamp(t *zeroq.Task, now time.Time) {
	t.EnqueuedAt = now.UTC().Truncate(resolution)
	if t.Delay > 0 {
		t.RunAt = t.EnqueuedAt.Add(t.Delay)
	}
	if !t.RunAt.After(t.EnqueuedAt) {
		t.RunAt = time.Time{}
	}
	for _, at := range []*time.Time{&t.RunAt, &t.Deadline, &t.ExpiresAt} {
		*at = at.UTC().Truncate(resolution)
	}
}
