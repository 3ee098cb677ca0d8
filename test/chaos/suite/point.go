//go:build linux

package suite

import (
	"bytes"
	"context"
	"strconv"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// point is where a process is hit.
type point struct {
	name string
	// trap is what it walks into, and skips how often it may pass at most.
	trap  proxy.Trap
	skips int
	// load and work are what is sent and who works; what is left out is the same for all points.
	load plan.Load
	work plan.Work
	// lead has a process walk into the trap.
	lead func(c *cell, ctx context.Context) (*rig.Process, *proxy.Armed, error)
	// met tells whether the process stands at the point, where the trap alone does not tell.
	met func(c *cell, ctx context.Context) (bool, error)
	// slow: after kill -9 it takes a minute until the same is done again.
	slow bool
	// rules are what else is promised. finish ends what goes on by itself, and completes them.
	rules  check.Rules
	finish func(c *cell, ctx context.Context, rules *check.Rules) error
}

// inHandler tells whether it is a place in the handler.
func (p point) inHandler() bool {
	return p.trap.Command == deed.Before || p.trap.Command == deed.During || p.trap.Command == deed.After
}

// Where commands stand that are hit.
func executed(command string) proxy.Trap {
	return proxy.Trap{Command: command, Moment: proxy.Executed}
}

func sent(command string) proxy.Trap { return proxy.Trap{Command: command, Moment: proxy.Sent} }

// matching tells commands of one name apart.
type matching func(args [][]byte) bool

// of is a trap for those commands only.
func (m matching) of(trap proxy.Trap) proxy.Trap {
	trap.Match = m
	return trap
}

// What is told apart by the first key of a script.
const (
	aReaper   = ".reaper."
	scheduled = ":scheduled"
)

// firstKey looks for a text in the first key of a script.
func firstKey(text string) matching {
	return func(args [][]byte) bool { return len(args) > 3 && bytes.Contains(args[3], []byte(text)) }
}

// givesBack tells whether a settle has tasks that are to run again: their number comes after the keys,
// their prefix, its own number and a channel.
func givesBack(args [][]byte) bool {
	keys, err := strconv.Atoi(string(args[2]))
	at := 3 + keys + 3
	return err == nil && at < len(args) && string(args[at]) != "0"
}
