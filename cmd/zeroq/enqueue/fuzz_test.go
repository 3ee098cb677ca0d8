package enqueue

import (
	"testing"
	"time"
)

// What --wait takes is a duration that is not negative, and is taken again as it is written.
func FuzzWaitTime(f *testing.F) {
	for _, text := range []string{"true", "", "0s", "0", "1m30s", "-1s", "1h1", "9223372036854775808ns", "-0.0s", "1µs"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w waitTime
		if err := w.Set(text); err != nil {
			return
		}
		d, err := time.ParseDuration(text)
		if w < 0 || text != "true" && (err != nil || time.Duration(w) != d) {
			t.Fatalf("%q is %v", text, w)
		}
		var again waitTime
		if err := again.Set(w.String()); err != nil || again != w {
			t.Fatalf("%q is %v, and then %v: %v", text, w, again, err)
		}
	})
}
