package producer

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// The cost of trace context where the program has no provider of spans: the difference of the two.
func BenchmarkTrace(b *testing.B) {
	taken := make([]error, 1)
	take := func(context.Context, []*zeroq.Task) []error {
		taken[0] = nil
		return taken
	}
	for name, put := range map[string]trace.Put{"bare": take, "traced": trace.New(otel.GetTracerProvider()).Send(take)} {
		b.Run(name, func(b *testing.B) {
			p := &Producer{put: put}
			task := zeroq.NewTask("x", nil)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.enqueue(b.Context(), task); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
