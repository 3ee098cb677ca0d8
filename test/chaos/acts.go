//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

// plays are all suites, in acts: those of one act run at the same time, as most of them wait most of
// the time.
func plays(nightly bool) [][]suite.Suite {
	hits, storm := time.Minute, 5*time.Minute
	if nightly {
		hits, storm = 5*time.Minute, 30*time.Minute
	}
	return [][]suite.Suite{
		{suite.Storm{For: storm}},
		{suite.Power{For: storm / 10}, suite.Recovery{}},
		{suite.Schedules{For: hits}, suite.Locks{For: hits}},
	}
}

func names(acts [][]suite.Suite) []string {
	var all []string
	for _, s := range slices.Concat(acts...) {
		all = append(all, s.Name())
	}
	return all
}

// choose keeps the suites that are named; none named means all.
func choose(acts [][]suite.Suite, only []string) ([][]suite.Suite, error) {
	known := names(acts)
	for _, name := range only {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no suite %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	if len(only) == 0 {
		return acts, nil
	}
	for i := range acts {
		acts[i] = slices.DeleteFunc(acts[i], func(s suite.Suite) bool { return !slices.Contains(only, s.Name()) })
	}
	return acts, nil
}
