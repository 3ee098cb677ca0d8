//go:build linux

// Package role plays zeroq's processes in a chaos run: each does what its plan says, with the same
// code that users run.
package role

import (
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// Type is that of the tasks that do deeds, and TickType that of those that schedules enqueue.
const (
	Type     = "deed"
	TickType = "tick"
)

// Told plays the role of this process and ends it then, if the process has a plan. Programs and tests that
// are started as processes of a run call it first.
func Told() {
	p, ok, err := plan.Read()
	if !ok {
		return
	}
	if err == nil {
		err = Play(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

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
	case plan.Kafka:
		return playKafka(p)
	default:
		return fmt.Errorf("nobody plays the role %q", p.Role)
	}
}
