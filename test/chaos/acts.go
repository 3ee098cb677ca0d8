//go:build linux

package main

import (
	"debug/buildinfo"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

// plays are all suites, in acts: those of one act run at the same time, as most of them wait most of
// the time. Without the program of a peer there is nobody to compare with.
func plays(nightly bool, peer string) [][]suite.Suite {
	hits, runs, storm := time.Minute, 5, 5*time.Minute
	if nightly {
		hits, runs, storm = 5*time.Minute, 20, 30*time.Minute
	}
	acts := [][]suite.Suite{
		{suite.Schedules{For: hits}, suite.Locks{For: hits}, suite.Full{Cycles: 10}, suite.Order{Tasks: 20_000}, suite.Odd{For: hits}},
		{suite.Matrix{Runs: runs}},
		{suite.Carried{Kind: "kafka", For: hits / 2}, suite.Carried{Kind: "rabbitmq", For: hits / 2}},
		{suite.Clocks{For: 30 * time.Second}, suite.Power{For: storm / 10}, suite.Recovery{}},
		{suite.Steady{Tasks: 1_000_000}},
		{suite.Storm{For: storm}},
	}
	if peer != "" {
		acts[0] = append(acts[0], suite.Peer{Program: peer})
	}
	return acts
}

// compared tells with what the peer's rows were made: its name and version, as its program knows them.
func compared(program string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("program of the peer: %w", err)
	}
	for _, dep := range info.Deps {
		if path.Base(dep.Path) == "asynq" {
			return "asynq " + dep.Version, nil
		}
	}
	return "", fmt.Errorf("%s is not the program of the peer", program)
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
