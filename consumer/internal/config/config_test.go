package config_test

import (
	"path/filepath"
	"testing"

	"github.com/zeromicro/go-zero/core/service"
	"github.com/zeromicro/go-zero/core/trace"
	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq/consumer/internal/config"
)

// begins reports whether a span that begins now has a trace, as it has with every provider but otel's own.
func begins(t *testing.T) bool {
	t.Helper()
	_, span := otel.Tracer("test").Start(t.Context(), "span")
	defer span.End()
	return span.SpanContext().IsValid()
}

// The provider is one for the process, and so is the log.
func TestSetUp_MakesTracesOnlyWithAnEndpoint(t *testing.T) {
	var c config.Config
	c.Name, c.Mode = "consumer", service.TestMode
	c.Log.Mode, c.Log.Level, c.Log.Encoding = "console", "severe", "plain"
	if err := c.SetUp(); err != nil {
		t.Fatal(err)
	}
	if begins(t) {
		t.Error("a provider is set whose spans nobody ever sees")
	}
	c.Telemetry.Name, c.Telemetry.Sampler, c.Telemetry.Batcher = "consumer", 1, "file"
	c.Telemetry.Endpoint = filepath.Join(t.TempDir(), "spans.json")
	if err := c.SetUp(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trace.StopAgent)
	if !begins(t) {
		t.Error("no provider is set for the endpoint")
	}
}
