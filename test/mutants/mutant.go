package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is one change that breaks something.
type Mutant struct {
	// Name is short, and no other mutant's.
	Name string
	// Why says what it breaks.
	Why string
	// File is the path of the source from the root of the module.
	File string
	// Old is a text that the source has exactly once, New is what stands there instead.
	Old, New string
	// Package is that of the tests which must notice, Run which of them: as for go test.
	Package, Run string
}

// all are all mutants.
func all() []Mutant {
	return slices.Concat(settling, fetching, carrying, enqueueing, leasing, timing, ledgers, pooling, judging, writing, keeping)
}

// apply is the text of the mutant's file with the change. A text that is not there exactly once is an
// error: the source has changed, and the mutant must be looked at.
func (m Mutant) apply(root string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return nil, err
	}
	source := string(raw)
	if n := strings.Count(source, m.Old); m.Old == "" || n != 1 {
		return nil, fmt.Errorf("its text stands %d times in %s, not once: %q", n, m.File, m.Old)
	}
	if m.Old == m.New {
		return nil, fmt.Errorf("it changes nothing in %s", m.File)
	}
	return []byte(strings.Replace(source, m.Old, m.New, 1)), nil
}

// suite is the tests of a package that some mutants rely on.
type suite struct{ pkg, run string }

// suites are those of the mutants, one for each package.
func suites(mutants []Mutant) []suite {
	var order []string
	patterns := make(map[string][]string)
	for _, m := range mutants {
		if patterns[m.Package] == nil {
			order = append(order, m.Package)
		}
		if !slices.Contains(patterns[m.Package], m.Run) {
			patterns[m.Package] = append(patterns[m.Package], m.Run)
		}
	}
	result := make([]suite, len(order))
	for i, pkg := range order {
		result[i] = suite{pkg, strings.Join(patterns[pkg], "|")}
	}
	return result
}
