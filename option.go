package zeroq

import "time"

// Option sets one thing of a [Task] made by [NewTask].
type Option func(*Task)

// ID chooses the task's id: see [Task.ID].
func ID(id string) Option { return func(t *Task) { t.ID = id } }

// Queue chooses the task's queue.
func Queue(name string) Option { return func(t *Task) { t.Queue = name } }

// Delay postpones the first start by d.
func Delay(d time.Duration) Option { return func(t *Task) { t.Delay = d } }

// RunAt postpones the first start to at.
func RunAt(at time.Time) Option { return func(t *Task) { t.RunAt = at } }

// MaxAttempts bounds how often the task may start.
func MaxAttempts(n int) Option { return func(t *Task) { t.MaxAttempts = n } }

// Timeout bounds one attempt.
func Timeout(d time.Duration) Option { return func(t *Task) { t.Timeout = d } }

// Deadline bounds all attempts together.
func Deadline(at time.Time) Option { return func(t *Task) { t.Deadline = at } }

// ExpiresAt is the last moment of the first start.
func ExpiresAt(at time.Time) Option { return func(t *Task) { t.ExpiresAt = at } }

// Retention is how long the finished task can be looked up.
func Retention(d time.Duration) Option { return func(t *Task) { t.Retention = d } }

// Prioritized puts the task before or behind others of its queue: see [Task.Priority].
func Prioritized(p Priority) Option { return func(t *Task) { t.Priority = p } }

// Group has the task run after those of the group that were enqueued before: see [Task.Group].
func Group(name string) Option { return func(t *Task) { t.Group = name } }

// UniqueKey keeps a second task of the key out of the queue: see [Unique].
func UniqueKey(key string, mode UniqueMode) Option {
	return func(t *Task) { t.Unique = &Unique{Key: key, Mode: mode} }
}

// UniqueFor keeps a second task of the key out of the queue for so long: see [ForTime].
func UniqueFor(key string, d time.Duration) Option {
	return func(t *Task) { t.Unique = &Unique{Key: key, Mode: ForTime, For: d} }
}

// Header adds one header.
func Header(name, value string) Option {
	return func(t *Task) {
		if t.Headers == nil {
			t.Headers = make(map[string]string)
		}
		t.Headers[name] = value
	}
}
