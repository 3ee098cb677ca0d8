//go:build linux

package suite

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Matrix hits processes at exact points of what they do, in each way. Each run has a process stand at
// its point, and none passes in which it did not.
type Matrix struct {
	// Runs is how many there are for each point and each hit.
	Runs int
	// Only are the cells that are run, by their names: see [cellName]. Default: all.
	Only []string
}

// SmallMatrix hits a process at each point once, by kill -9; but not where its clients wait for a minute
// then.
func SmallMatrix() Matrix {
	m := Matrix{Runs: 1}
	for _, p := range points {
		if !p.slow {
			m.Only = append(m.Only, cellName(p, killed))
		}
	}
	return m
}

// atOnce is how many runs go on at the same time: they wait most of the time.
const atOnce = 12

// Name implements [Suite].
func (Matrix) Name() string { return "matrix" }

// Run implements [Suite].
func (m Matrix) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	rows := make(map[hit]*Row)
	var all []*Row
	for _, h := range hits {
		rows[h] = NewRow(fmt.Sprintf("%s, at each of %d points", h, m.count(h)))
		if m.count(h) > 0 {
			all = append(all, rows[h])
		}
	}
	var runs errgroup.Group
	runs.SetLimit(atOnce)
	for n := range m.Runs {
		for _, p := range points {
			for _, h := range hits {
				if m.has(p, h) {
					runs.Go(func() error { return m.run(ctx, stage, rows[h], p, h, n) })
				}
			}
		}
	}
	return all, runs.Wait()
}

// has tells whether a cell is run.
func (m Matrix) has(p point, h hit) bool {
	return len(m.Only) == 0 || slices.Contains(m.Only, cellName(p, h))
}

// count is how many points a hit is done at.
func (m Matrix) count(h hit) int {
	n := 0
	for _, p := range points {
		if m.has(p, h) {
			n++
		}
	}
	return n
}

// run is one run of a cell.
func (m Matrix) run(ctx context.Context, stage *Stage, row *Row, p point, h hit, n int) error {
	name := fmt.Sprintf("%s, run %d", cellName(p, h), n+1)
	return stage.run(ctx, row, name, rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		return newCell(r, p, h, stage.Random(name)).play(ctx)
	})
}
