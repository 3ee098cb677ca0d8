//go:build linux

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

func TestPossible_RefusesWhatAsynqWouldNotFollow(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]plan.Plan{
		"role":  {Role: plan.API},
		"lease": {Role: plan.Worker, Work: plan.Work{Lease: time.Second}},
		"blind": {Role: plan.Worker, Work: plan.Work{Blind: true}},
		"way":   {Role: plan.Producer, Load: plan.Load{Way: plan.ByHTTP}},
		"keys":  {Role: plan.Producer, Load: plan.Load{Way: plan.Direct, Keys: 1}},
	} {
		if err := possible(p); !errors.Is(err, errNotInPeer) {
			t.Errorf("%s: %v, want %v", name, err, errNotInPeer)
		}
	}
}
