package zeroq

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Unique keeps a queue from having two tasks of one key. A second one is refused with a
// [DuplicateError] that names the first, but for [Debounce].
type Unique struct {
	// Key is what may be there once in the queue: 1 to [MaxUniqueKey] bytes of UTF-8.
	Key string
	// Mode is until when. Default: [UntilFinished].
	Mode UniqueMode
	// For is how long the key is held, 1 s to a year. It goes with [ForTime] only, which needs it.
	For time.Duration
}

// UniqueMode is until when a [Unique] key is held.
type UniqueMode string

// The modes. Whatever the mode, cancelling or deleting the task frees its key.
const (
	// UntilStarted: until the task is started for the first time.
	UntilStarted UniqueMode = "until_started"
	// UntilFinished: until the task has succeeded, is a dead letter, cancelled or expired.
	UntilFinished UniqueMode = "until_finished"
	// ForTime: for the time that [Unique.For] says, whatever becomes of the task.
	ForTime UniqueMode = "for"
	// Debounce: until the task's delay is over. A second task of the key takes the place of the first
	// under the id of the first: with its own data, and its own delay from now on.
	Debounce UniqueMode = "debounce"
)

// MaxUniqueKey bounds the length of a unique key in bytes.
const MaxUniqueKey = 256

// validate reports what is wrong; delayed says whether the task waits for a time.
func (u *Unique) validate(delayed bool) error {
	switch {
	case u.Key == "" || len(u.Key) > MaxUniqueKey || !utf8.ValidString(u.Key):
		return &FieldError{"unique.key", fmt.Sprintf("must be 1 to %d bytes of UTF-8", MaxUniqueKey)}
	case u.Mode != UntilStarted && u.Mode != UntilFinished && u.Mode != ForTime && u.Mode != Debounce && u.Mode != "":
		return &FieldError{"unique.mode", "must be until_started, until_finished, for or debounce"}
	case u.Mode == ForTime && (u.For < time.Second || u.For > MaxDelay):
		return &FieldError{"unique.for", "must be 1s to a year"}
	case u.Mode != ForTime && u.For != 0:
		return &FieldError{"unique.for", "goes with the mode for only"}
	case u.Mode == Debounce && !delayed:
		return &FieldError{"unique.mode", "debounce needs a delay or run_at"}
	}
	return nil
}
