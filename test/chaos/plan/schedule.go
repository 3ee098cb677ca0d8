package plan

import (
	"strconv"
	"time"
)

// ScheduleName begins the names of all schedules; their number follows.
const ScheduleName = "second"

// Schedule is the number of a schedule, from 0.
type Schedule int

// Name is its name.
func (s Schedule) Name() string { return ScheduleName + strconv.Itoa(int(s)) }

// Tick is the key that a run for a time of a schedule is noted with: the ms of the time, which is a
// whole second, and the schedule's number.
func Tick(at time.Time, schedule int) uint64 { return uint64(at.UnixMilli()) + uint64(schedule) }
