package main

import "time"

// fate is what became of a mutant.
type fate int

const (
	failing  fate = iota // nothing is known of it: it does not apply, build or run
	survived             // no test noticed
	killedBy             // a test failed
)

// verdict is the fate of a mutant, and how it came about.
type verdict struct {
	fate   fate
	by     string // the test that killed it
	output string // the end of what the tests wrote, or the error
	took   time.Duration
}

func broken(err error) verdict { return verdict{fate: failing, output: err.Error()} }

func (v verdict) word() string {
	switch v.fate {
	case survived:
		return "SURVIVED"
	case killedBy:
		return "killed"
	}
	return "ERROR"
}
