package wire

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

var (
	noon  = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	later = noon.Add(90 * time.Minute)
)

func mustDecode(t testing.TB, raw []byte) *zeroq.Task {
	t.Helper()
	task, err := Decode(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return task
}

func TestFormatTime_IsUTCWithThreeDecimals(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 5*3600+1800)
	for want, at := range map[string]time.Time{
		"2030-01-02T12:00:00.000Z": noon,
		"2030-01-02T06:30:00.000Z": time.Date(2030, 1, 2, 12, 0, 0, 0, east),
		"2030-01-02T12:00:00.007Z": noon.Add(7*time.Millisecond + 999*time.Microsecond),
	} {
		if got := FormatTime(at); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
