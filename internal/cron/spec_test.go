package cron_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

func parse(t *testing.T, spec, zone string) *cron.Spec {
	t.Helper()
	s, err := cron.Parse(spec, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestParse_NextTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, zone, after, next string }{
		{"*/5 * * * *", "", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"},
		{"30 2 * * *", "UTC", "2026-01-01T02:29:59Z", "2026-01-01T02:30:00Z"},
		{" 15 30 2 * * * ", "UTC", "2026-01-01T02:30:00Z", "2026-01-01T02:30:15Z"},
		{"0 9 * * mon-fri", "Asia/Kolkata", "2026-01-02T12:00:00Z", "2026-01-05T03:30:00Z"},
		{"@hourly", "", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"},
		{"@daily", "America/New_York", "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z"},
		{"0 0 29 2 *", "", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"@every 90s", "Europe/Berlin", "2026-01-01T00:00:01Z", "2026-01-01T00:01:30Z"},
	} {
		if got := parse(t, c.spec, c.zone).Next(at(t, c.after)); !got.Equal(at(t, c.next)) || got.Location() != time.UTC {
			t.Errorf("%q in %q: after %s comes %v, want %s", c.spec, c.zone, c.after, got, c.next)
		}
	}
}

func TestParse_MistakesNameTheField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, zone, field, reason string }{
		{"", "", "spec", "is missing"},
		{"  ", "", "spec", "is missing"},
		{"* * * *", "", "spec", "cannot be read"},
		{"61 * * * *", "", "spec", "cannot be read"},
		{"@sometimes", "", "spec", "cannot be read"},
		{"TZ=UTC * * * * *", "", "spec", "time zone"},
		{" CRON_TZ=UTC * * * * *", "", "spec", "time zone"},
		{"TZ=UTC", "", "spec", "time zone"},
		{"@every 999ms", "", "spec", "every second"},
		{"@every 0s", "", "spec", "every second"},
		{"@every -1m", "", "spec", "every second"},
		{"@every 1500ms", "", "spec", "whole seconds"},
		{"@every 100000h", "", "spec", "five years"},
		{"@every", "", "spec", "cannot be read"},
		{"@every soon", "", "spec", "needs a duration"},
		{"0 0 30 2 *", "", "spec", "five years"},
		{", * * * * *", "", "spec", "without a value"},
		{"* * , * *", "", "spec", "without a value"},
		{strings.Repeat("1", 300_000), "", "spec", "512 bytes"},
		{strings.Repeat("1,", 300) + "1 * * * *", "", "spec", "512 bytes"},
		{"* * * * *", "Local", "timezone", "IANA"},
		{"* * * * *", "Europe//Berlin", "timezone", "IANA"},
		{"* * * * *", "Europe/./Berlin", "timezone", "IANA"},
		{"* * * * *", "Mars/Base", "timezone", "IANA"},
		{"* * * * *", "../etc/passwd", "timezone", "IANA"},
	} {
		_, err := cron.Parse(c.spec, c.zone)
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Reason, c.reason) {
			t.Errorf("%q in %q: %v, want %s %q", c.spec, c.zone, err, c.field, c.reason)
		}
	}
}

// Whoever starts when: the times are the same.
func TestEvery_TimesAreThoseOfEveryProcess(t *testing.T) {
	t.Parallel()
	s := parse(t, "@every 7s", "")
	for _, start := range []time.Time{time.Unix(1_000_000_000, 1), time.Unix(1_000_000_003, 999_999_999), time.Unix(-20, 0)} {
		next := s.Next(start)
		if next.Unix()%7 != 0 || !next.After(start) || next.Sub(start) > 7*time.Second {
			t.Errorf("after %v comes %v", start, next)
		}
	}
}

// Berlin, 2026: clocks go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October.
func TestSpec_DaylightSavingChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec, after, until string
		want               []string
	}{
		"a time that is leapt over does not come that day": {
			"30 2 * * *", "2026-03-27T12:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"},
		},
		"a time that comes twice comes twice": {
			"30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
		},
		"noon is noon by the clock on the wall": {
			"0 12 * * *", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z",
			[]string{"2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z"},
		},
		"each hour comes once, forward": {
			"0 * * * *", "2026-03-28T23:30:00Z", "2026-03-29T02:30:00Z",
			[]string{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		},
		"each hour comes once, back": {
			"0 * * * *", "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z",
			[]string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		},
	} {
		var got []string
		for _, when := range parse(t, c.spec, "Europe/Berlin").Between(at(t, c.after), at(t, c.until), 100) {
			got = append(got, when.Format(time.RFC3339))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestBetween_IsTheLastOnes(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-01-01T00:00:00Z")
	for _, spec := range []string{"@every 1s", "* * * * * *", "*/7 * * * *", "0 3 * * *", "0 0 1 1 *"} {
		s := parse(t, spec, "Europe/Berlin")
		for _, span := range []time.Duration{0, time.Second, time.Minute, time.Hour, 36 * time.Hour} {
			var all []time.Time
			for next := s.Next(start); !next.After(start.Add(span)); next = s.Next(next) {
				all = append(all, next)
			}
			if n := s.Count(start, start.Add(span)); n != min(len(all), cron.MaxCount) {
				t.Errorf("%s: %d times in %v, want %d", spec, n, span, len(all))
			}
			for _, max := range []int{1, 3, 1000} {
				want := all[len(all)-min(max, len(all)):]
				if got := s.Between(start, start.Add(span), max); !slices.EqualFunc(got, want, time.Time.Equal) {
					t.Errorf("%s: the last %d in %v are %v, want %v", spec, max, span, got, want)
				}
			}
		}
	}
}

// What a long absence asks for is bounded: this would take minutes otherwise.
func TestSpec_YearsAreLookedAtInNoTime(t *testing.T) {
	t.Parallel()
	until := at(t, "2026-01-01T00:00:00Z")
	for _, spec := range []string{"@every 1s", "* * * * * *"} {
		s := parse(t, spec, "")
		if n := s.Count(time.Unix(0, 0), until); n != cron.MaxCount {
			t.Errorf("%s: counted to %d", spec, n)
		}
		if times := s.Between(time.Unix(0, 0), until, 1000); len(times) != 1000 || !times[999].Equal(until) {
			t.Errorf("%s: %d times", spec, len(times))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{
		"* * * * *", "*/5 0-3,7 1 jan mon", "0 30 2 * * *", "@every 90s", "@every -1h", "@daily", "TZ=x", "TZ=UTC * * * * *",
		", , , , ,", "59/9223372036854775807 * * * *", "? ? ? ? ?", "@every 1s ", "0 0 30 2 *", "1-2-3 * * * *",
	} {
		f.Add(spec, "Europe/Berlin", int64(1_774_746_000))
		f.Add(spec, "America/Sao_Paulo", int64(1_540_000_000))
	}
	f.Fuzz(func(t *testing.T, spec, zone string, after int64) {
		s, err := cron.Parse(spec, zone)
		if err != nil {
			var wrong *zeroq.FieldError
			if !errors.As(err, &wrong) || wrong.Field != "spec" && wrong.Field != "timezone" {
				t.Fatalf("%v is no FieldError", err)
			}
			return
		}
		start := time.Unix(after%4_000_000_000, 0)
		next := s.Next(start)
		if next.IsZero() {
			return
		}
		if !next.After(start) || next.Nanosecond() != 0 {
			t.Fatalf("after %v comes %v", start, next)
		}
		if got := s.Between(start, next, 3); len(got) != 1 || !got[0].Equal(next) {
			t.Fatalf("until %v there are %v", next, got)
		}
	})
}
