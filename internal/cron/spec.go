// Package cron reads the specs of schedules and tells their times. It knows no broker and no clock.
//
// Times are those that a clock on the wall of the time zone shows. When clocks are put forward, a
// time that they leap over does not come that day; when they are put back, a time that they show
// twice comes twice. A spec in UTC, or an hour that no change touches, comes once each day. "@every"
// knows no zone: its times are the multiples of its interval since 1970, the same in every process.
package cron

import (
	"fmt"
	"math/bits"
	"path"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // an image without a system has no time zones

	"github.com/robfig/cron/v3"
	"github.com/zeroq-dev/zeroq"
)

// parser takes five fields, six with the seconds first, and what begins with @.
var parser = cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// Bounds of "@every". The upper one is how far cron looks for the next time of other specs.
const (
	minEvery = time.Second
	maxEvery = 5 * 365 * 24 * time.Hour
)

// maxSpec bounds a spec in bytes: what the parser says of one repeats it. All seconds and all minutes
// of an hour, each by its number, have room.
const maxSpec = 512

// Spec is when a schedule comes.
type Spec struct {
	zone  *time.Location
	every time.Duration // 0 unless the spec is an "@every"
	table cron.Schedule
}

// Parse reads a spec and the IANA name of its time zone; empty means UTC. What is wrong is a
// [zeroq.FieldError] on "spec" or "timezone".
func Parse(spec, timezone string) (*Spec, error) {
	zone, err := zoneOf(timezone)
	if err != nil {
		return nil, err
	}
	spec = strings.TrimSpace(spec)
	switch {
	case spec == "":
		return nil, wrongSpec("is missing")
	case len(spec) > maxSpec:
		return nil, wrongSpec(fmt.Sprintf("is over %d bytes", maxSpec))
	case strings.HasPrefix(spec, "TZ="), strings.HasPrefix(spec, "CRON_TZ="):
		return nil, wrongSpec("must not name a time zone: that is what timezone is for")
	}
	if interval, found := strings.CutPrefix(spec, "@every "); found {
		return parseEvery(interval)
	}
	table, err := parser.Parse(spec)
	if err != nil {
		return nil, wrongSpec("cannot be read: " + err.Error())
	}
	if fields, ok := table.(*cron.SpecSchedule); ok {
		if !full(fields) {
			return nil, wrongSpec("has a field without a value")
		}
		fields.Location = zone
	}
	s := &Spec{zone: zone, table: table}
	if s.Next(time.Now()).IsZero() {
		return nil, wrongSpec("has no time within five years")
	}
	return s, nil
}

func wrongSpec(reason string) error { return &zeroq.FieldError{Field: "spec", Reason: reason} }

// zones are the time zones that were read already, by name: reading one takes longer than all the rest.
var zones sync.Map

func zoneOf(name string) (*time.Location, error) {
	// "Local" is another one in each process. A name is looked up as a path, of which there is no end for
	// one zone: only the shortest is its name.
	if name == "Local" || name != "" && path.Clean(name) != name {
		return nil, &zeroq.FieldError{Field: "timezone", Reason: "must be an IANA name such as Europe/Berlin"}
	}
	if zone, known := zones.Load(name); known {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &zeroq.FieldError{Field: "timezone", Reason: "is not known; it must be an IANA name such as Europe/Berlin"}
	}
	zones.Store(name, zone)
	return zone, nil
}

func parseEvery(text string) (*Spec, error) {
	every, err := time.ParseDuration(strings.TrimSpace(text))
	switch {
	case err != nil:
		return nil, wrongSpec("needs a duration after @every, such as 90s")
	case every < minEvery:
		return nil, wrongSpec("must not come more often than every second")
	case every%time.Second != 0:
		return nil, wrongSpec("must come every so many whole seconds")
	case every > maxEvery:
		return nil, wrongSpec("has no time within five years")
	}
	return &Spec{zone: time.UTC, every: every}, nil
}

// full reports whether each field names a value. The parser lets "," pass, and looking for a second
// that does not exist would take it minutes.
func full(s *cron.SpecSchedule) bool {
	for _, field := range []uint64{s.Second, s.Minute, s.Hour, s.Dom, s.Month, s.Dow} {
		if bits.OnesCount64(field<<1) == 0 { // the top bit says that there was a star
			return false
		}
	}
	return true
}

// Next is the first time after the given one, in UTC; zero if there is none within five years.
func (s *Spec) Next(after time.Time) time.Time {
	if s.every > 0 {
		return s.multiple(s.index(after) + 1)
	}
	next := s.table.Next(after.In(s.zone))
	if next.IsZero() {
		return time.Time{}
	}
	return next.UTC()
}

// index is the number of the last multiple of the interval that is not after at.
func (s *Spec) index(at time.Time) int64 {
	seconds, every := at.Unix(), int64(s.every/time.Second)
	n := seconds / every
	if seconds%every < 0 {
		n--
	}
	return n
}

func (s *Spec) multiple(n int64) time.Time { return time.Unix(n*int64(s.every/time.Second), 0).UTC() }
