//go:build linux

// Package role plays zeroq's processes in a chaos run: each does what its plan says, with the same
// code that users run.
package role

import (
	"fmt"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// Type is that of the tasks that do deeds, and TickType that of those that schedules enqueue.
const (
	Type     = "deed"
	TickType = "tick"
)

// Play does what a plan says until the process is told to stop, or has done it.
func Play(p plan.Plan) error {
	switch p.Role {
	case plan.Worker:
		return work(p)
	case plan.Producer:
		return produce(p)
	case plan.Operator:
		return operate(p)
	case plan.API:
		return serve(p)
	default:
		return fmt.Errorf("nobody plays the role %q", p.Role)
	}
}
