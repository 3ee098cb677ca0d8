package wire

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes Decode allocates for a message, the second time that it sees it. Nothing else
// runs meanwhile: neither a fuzzer nor a test that is not parallel has company.
func allocated(raw []byte) uint64 {
	var before, after runtime.MemStats
	_, _ = Decode(raw)
	runtime.ReadMemStats(&before)
	_, _ = Decode(raw)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

const (
	// little is what the smallest message may cost.
	little = 16 << 10
	// perByte is what each byte may cost, whatever it says: names are kept to find the one that stands twice.
	perByte = 64
)

// most is the bound of a message of so many bytes.
func most(n int) uint64 { return uint64(perByte*n + little) }

// many is a list of n times what format makes of a number.
func many(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
	}
	return strings.Join(items, ",")
}

// hostile are messages that are made to cost more than they weigh.
var hostile = map[string]string{
	"errors that are none": `{"type":"a","errors":[` + many(50_000, `{}`) + `]}`,
	"many errors":          `{"type":"a","errors":[` + many(5000, `{"at":"2030-01-02T12:00:00Z"}`) + `]}`,
	"many headers":         `{"type":"a","headers":{` + many(20_000, `"#":""`) + `}}`,
	"many members":         `{"type":"a",` + many(20_000, `"#":1`) + `}`,
	"many names":           `{"type":"a","data":{` + many(20_000, `"#":1`) + `}}`,
	"escapes":              `{"type":"a","id":"` + strings.Repeat(`\u0041`, 20_000) + `"}`,
	"arrays in arrays":     `{"type":"a","data":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
	"objects in objects":   `{"type":"a","data":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + `}`,
}

func TestDecode_CostsNoMoreThanItWeighs(t *testing.T) {
	for name, raw := range hostile {
		if n := allocated([]byte(raw)); n > most(len(raw)) {
			t.Errorf("%s: %d bytes for %d", name, n, len(raw))
		}
	}
	for name, data := range map[string]string{
		"a string": `"` + strings.Repeat("x", 1<<20) + `"`, "numbers": "[" + many(1<<17, "#") + "]", "arrays": "[" + many(1<<18, "[]") + "]",
	} {
		raw := []byte(`{"type":"a","data":` + data + `}`)
		if n := allocated(raw); n > 2*uint64(len(raw)) {
			t.Errorf("data that is %s: %d bytes for %d", name, n, len(raw))
		}
	}
}

// However a message is made, its bytes bound what it costs to read it.
func FuzzDecodeCost(f *testing.F) {
	for _, raw := range hostile {
		f.Add([]byte(raw[:min(len(raw), 4000)]))
	}
	for _, raw := range []string{odd, waited, `{"type":"a","errors":[` + many(50, `{"at":"2030-01-02T12:00:00Z"}`) + `]}`, `{"type":"a","unique":{` + many(50, `"#":{}`) + `}}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if n := allocated(raw); n > most(len(raw)) {
			t.Fatalf("%d bytes for %d", n, len(raw))
		}
	})
}
