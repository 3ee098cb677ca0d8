package config_test

import (
	"testing"

	"github.com/zeroq-dev/zeroq/api/internal/config"
)

// go-zero sets a provider whose spans nobody ever sees unless Telemetry is disabled, and its middleware begins
// spans unless that is off.
func TestRest_TracesOnlyWhereSpansGoSomewhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		endpoint             string
		disabled, wantTraces bool
	}{
		"nothing is said":       {},
		"an endpoint":           {endpoint: "collector:4317", wantTraces: true},
		"an endpoint, disabled": {endpoint: "collector:4317", disabled: true},
		"disabled":              {disabled: true},
	} {
		var c config.Config
		c.Telemetry.Endpoint, c.Telemetry.Disabled = tt.endpoint, tt.disabled
		got := c.Rest()
		if got.Telemetry.Disabled == tt.wantTraces || got.Middlewares.Trace != tt.wantTraces {
			t.Errorf("%s: Telemetry.Disabled %t, Middlewares.Trace %t", name, got.Telemetry.Disabled, got.Middlewares.Trace)
		}
		if c.Telemetry.Disabled != tt.disabled {
			t.Errorf("%s: the configuration itself has changed", name)
		}
	}
}
