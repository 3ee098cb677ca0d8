//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Play runs suites in acts, those of one act at the same time, and returns all rows. A suite that
// could not be run does not keep others from it.
func Play(ctx context.Context, s *Stage, acts [][]Suite) ([]*Row, error) {
	var rows []*Row
	var failed error
	for _, act := range acts {
		made, errs := make([][]*Row, len(act)), make([]error, len(act))
		var group errgroup.Group
		for i, suite := range act {
			group.Go(func() error {
				s.Say("%s begins", suite.Name())
				made[i], errs[i] = suite.Run(ctx, s)
				s.Say("%s is over", suite.Name())
				return nil
			})
		}
		_ = group.Wait() // each has its own error
		for i, suite := range act {
			rows = append(rows, made[i]...)
			if errs[i] != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", suite.Name(), errs[i]))
			}
		}
		if ctx.Err() != nil {
			return rows, errors.Join(failed, ctx.Err())
		}
	}
	return rows, failed
}
