package dev

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/worker"
)

// backlog is how many lines may wait to be written. Handlers are not held up for more: those lines
// are counted instead.
const backlog = 256

// console writes a line for each outcome.
type console struct {
	out     io.Writer
	lines   chan string
	skipped atomic.Int64
	done    chan struct{}
}

func newConsole(out io.Writer) *console {
	file, ok := out.(*os.File)
	color.NoColor = !ok || !isatty.IsTerminal(file.Fd()) || os.Getenv("NO_COLOR") != ""
	c := &console{out: out, lines: make(chan string, backlog), done: make(chan struct{})}
	go c.run()
	return c
}

func (c *console) run() {
	defer close(c.done)
	for line := range c.lines {
		fmt.Fprintln(c.out, line)
		if n := c.skipped.Swap(0); n > 0 {
			fmt.Fprintln(c.out, color.HiBlackString("         … and %d more", n))
		}
	}
}

func (c *console) close() {
	close(c.lines)
	<-c.done
}

// show is the observer of the worker.
func (c *console) show(e worker.Event) {
	select {
	case c.lines <- line(time.Now(), e):
	default:
		c.skipped.Add(1)
	}
}

// say writes a line between the outcomes.
func (c *console) say(line string) { c.lines <- line }

// waiting says what an interrupted command waits for.
func waiting(tasks int) string {
	noun := "tasks"
	if tasks == 1 {
		noun = "task"
	}
	return fmt.Sprintf("waiting for %d %s, up to %v (Ctrl-C again ends at once)", tasks, noun, drain)
}

// mark is the word for an outcome, and its colour.
type mark struct {
	word  string
	color color.Attribute
}

// marks are of one width.
var marks = map[zeroq.State]mark{
	zeroq.Succeeded: {"done ", color.FgGreen},
	zeroq.Retry:     {"retry", color.FgYellow},
	zeroq.Dead:      {"dead ", color.FgRed},
	zeroq.Expired:   {"late ", color.FgMagenta},
	zeroq.Ready:     {"back ", color.FgCyan},
}

// line describes an outcome in one line.
func line(now time.Time, e worker.Event) string {
	var b strings.Builder
	m := marks[e.State]
	fmt.Fprintf(&b, "%s %s ", color.HiBlackString(now.Format("15:04:05")), color.New(m.color).Sprint(m.word))
	if e.Task == nil {
		fmt.Fprintf(&b, "a message on %s that cannot be read", e.Queue)
	} else {
		fmt.Fprintf(&b, "%-16s %s", e.Task.Type, e.Task.ID)
	}
	if e.Took > 0 {
		fmt.Fprintf(&b, " %s", color.HiBlackString(e.Took.Round(time.Millisecond/10).String()))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, " %s", firstLine(e.Err.Error()))
	}
	if e.State == zeroq.Retry {
		fmt.Fprintf(&b, " (attempt %d of %d, again in %v)", e.Task.Attempt, e.Task.MaxAttempts,
			time.Until(e.RunAt).Round(100*time.Millisecond))
	}
	return b.String()
}

// firstLine is what fits into a line of an error: a panic's has its stack in the others.
func firstLine(text string) string {
	first, _, more := strings.Cut(text, "\n")
	if more {
		first += " …"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?' // no message moves the cursor
		}
		return r
	}, first)
}

// welcome says what runs where, and what to try first.
func welcome(out io.Writer, address string, s *store) {
	bold := color.New(color.Bold).SprintFunc()
	url := "http://" + address
	fmt.Fprintf(out, "%s  %s\n", bold("zeroq"), url)
	fmt.Fprintf(out, "       tasks are kept in: %s\n", s.what)
	if s.warning != "" {
		fmt.Fprintf(out, "       %s\n", color.YellowString(s.warning))
	}
	fmt.Fprintf(out, "\nTry this in another terminal:\n\n  curl -X POST %s/v1/tasks -H 'Content-Type: application/json' \\\n"+
		"    -d '{\"type\":\"echo\",\"data\":{\"hello\":\"world\"}}'\n\nCtrl-C stops it.\n\n", url)
}
