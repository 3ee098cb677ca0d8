// Package heap sets how programs of zeroq use memory.
package heap

import (
	"os"
	"runtime/debug"
	"strconv"
)

// growth is the percentage by which the heap may grow before it is collected. What lives in it is a few
// megabytes, so collecting at Go's own 100 % takes a fifth of all CPU and saves next to nothing.
const growth = 400

// Grow lets the heap of this program grow further between collections than Go does by itself, unless GOGC says
// how far. A limit by GOMEMLIMIT holds all the same.
func Grow() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}

// GrowOthers has the Go programs that this one starts do the same, whatever they are.
func GrowOthers() error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return os.Setenv("GOGC", strconv.Itoa(growth))
}
