package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// plain is a message with 192 bytes of data, as workers read most of them.
func plain(b *testing.B) []byte {
	b.Helper()
	task := &zeroq.Task{ID: "default~0~0000000a1b", Type: "email", Data: fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 181))}
	task.EnqueuedAt = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	task.SetDefaults()
	return Encode(task)
}

func BenchmarkDecode(b *testing.B) {
	raw := plain(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
