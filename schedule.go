package zeroq

import "time"

// Schedule enqueues a task again and again. Each of its times is enqueued once, however many
// processes look after schedules.
type Schedule struct {
	// Name names the schedule among all: 1 to 64 of a-z0-9_- and begins with a letter or digit.
	Name string
	// Spec says when: five fields (minute, hour, day of month, month, day of week), six with the
	// seconds first, @hourly and the like, or "@every 90s".
	Spec string
	// Timezone is the IANA name of the zone in which Spec is read. Default: UTC.
	Timezone string
	// Jitter delays each task by a random time up to this, at most an hour. Default: none.
	Jitter time.Duration
	// Overlap says what happens when the task of the time before has not finished. Default:
	// [OverlapAllow].
	Overlap Overlap
	// CatchUp says which times are made up for that passed while nobody looked. Default: [CatchUpNone].
	CatchUp CatchUp
	// Task is what is enqueued, without an ID, a delay or a time.
	Task *Task
	// Paused: its times pass without a task.
	Paused bool

	// What is known of it; whoever makes a schedule leaves these alone.

	// NextRuns are its next times, at most five; none while it is paused.
	NextRuns []time.Time
	// LastRun is the last time that was enqueued, zero before the first, and LastTask its id.
	LastRun  time.Time
	LastTask string
	// Skipped is how many times were left out, as the task before had not finished or nobody looked.
	Skipped int64
}

// Overlap says what a schedule does when its last task has not finished.
type Overlap string

// The ways to overlap.
const (
	// OverlapAllow enqueues the task all the same.
	OverlapAllow Overlap = "allow"
	// OverlapSkip leaves this time out.
	OverlapSkip Overlap = "skip"
)

// CatchUp says which of the times that were missed a schedule makes up for.
type CatchUp string

// The ways to catch up.
const (
	// CatchUpNone: none of them.
	CatchUpNone CatchUp = "none"
	// CatchUpLast: the last of them.
	CatchUpLast CatchUp = "last"
	// CatchUpAll: all of them, the oldest first, at most [MaxCatchUp].
	CatchUpAll CatchUp = "all"
)

// MaxCatchUp is the most times that a schedule makes up for; older ones are skipped.
const MaxCatchUp = 1000
