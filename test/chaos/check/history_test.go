package check_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// A story is a history in words, one event each 10 ms:
//
//	send 1 [dies|unreadable|uncertain] [key 7] [due 3s] [limit 2s]   accept 1   refuse 1 dup|full|other   unknown 1   calloff 1
//	start 1 p3 [try 2] [key 7]                   ok|fail|panic|cut 1 p3 [try 2]       up p3   down p3
//	kill|exit|term|stop|reset|hole|reply|… p3 [for 2s]    rediskill [for 1s] [reach 2s]    redisstop    serving
//	wait 5s                                      gone p3
//
// Events are parted by ";". A fault without a process hits all. The moment of a fault "for 2s" is now; the
// story goes on meanwhile. An end has the attempt of the task's last start in that process.
// Long after it, all processes end in order that were up and had no end in the story; gone are those that
// ended, and noted nothing.
func story(text string) []ledger.Record {
	w := writer{now: ledger.Time(time.Hour), tries: map[[2]uint64]uint16{}}
	for event := range strings.SplitSeq(text, ";") {
		if words := strings.Fields(event); len(words) > 0 {
			w.write(words)
		}
	}
	w.end()
	slices.SortStableFunc(w.records, func(a, b ledger.Record) int { return cmp.Compare(a.At, b.At) })
	return w.records
}

// writer writes the records of a story.
type writer struct {
	now     ledger.Time
	tries   map[[2]uint64]uint16 // by task and process
	records []ledger.Record
	gone    []uint32
}

// end has those processes end that have not.
func (w *writer) end() {
	var up []uint32
	gone := w.gone
	for _, r := range w.records {
		switch {
		case r.Kind == ledger.Up:
			up = append(up, r.Process)
		case r.Kind == ledger.Down, r.Kind == ledger.Fault && (r.Code == ledger.Kill || r.Code == ledger.Exit):
			gone = append(gone, r.Process)
		}
	}
	at := w.now.Add(time.Minute)
	for _, p := range up {
		if !slices.Contains(gone, p) {
			term := ledger.Record{Kind: ledger.Fault, Code: ledger.Term, Process: p, At: at, Until: at.Add(2), Note: ledger.NoteOf(ledger.TheEnd)}
			w.records = append(w.records, term, ledger.Record{Kind: ledger.Down, Process: p, At: at.Add(1)})
		}
	}
}

var kinds = map[string]ledger.Record{
	"send": {Kind: ledger.Sending, Code: ledger.Succeeds}, "accept": {Kind: ledger.Accepted},
	"refuse": {Kind: ledger.Refused}, "unknown": {Kind: ledger.Unknown}, "calloff": {Kind: ledger.CalledOff},
	"calling": {Kind: ledger.Calling},
	"start":   {Kind: ledger.Started, Attempt: 1}, "ok": {Kind: ledger.Ended, Code: ledger.OK},
	"fail": {Kind: ledger.Ended, Code: ledger.Failed}, "panic": {Kind: ledger.Ended, Code: ledger.Panicked},
	"cut": {Kind: ledger.Ended, Code: ledger.Cut},
	"up":  {Kind: ledger.Up}, "down": {Kind: ledger.Down}, "serving": {Kind: ledger.Serving},
	"kill": fault(ledger.Kill), "stop": fault(ledger.Stop), "term": fault(ledger.Term), "exit": fault(ledger.Exit),
	"rediskill": fault(ledger.RedisKill), "redisstop": fault(ledger.RedisStop), "redisfull": fault(ledger.RedisFull),
	"flush": fault(ledger.ScriptFlush), "reset": fault(ledger.Reset), "hole": fault(ledger.BlackHole),
	"reply": fault(ledger.LostReply), "latency": fault(ledger.Latency), "clock": fault(ledger.Clock),
	"garbage": fault(ledger.Garbage), "stall": fault(ledger.Stall),
	"brokerkill": fault(ledger.CarrierKill), "brokerreset": fault(ledger.CarrierReset), "brokerhole": fault(ledger.CarrierHole),
}

var codes = map[string]ledger.Code{
	"dies": ledger.Dies, "unreadable": ledger.Unreadable, "uncertain": ledger.Uncertain,
	"dup": ledger.Duplicate, "full": ledger.Full, "other": ledger.Other,
}

func fault(code ledger.Code) ledger.Record { return ledger.Record{Kind: ledger.Fault, Code: code} }

func (w *writer) write(words []string) {
	if words[0] == "wait" {
		w.now = w.now.Add(duration(words[1]))
		return
	}
	if words[0] == "gone" {
		w.gone = append(w.gone, uint32(number(words[1][1:])))
		return
	}
	r, known := kinds[words[0]]
	if !known {
		panic("no event: " + words[0])
	}
	w.now = w.now.Add(10 * time.Millisecond)
	r.At, r.Until = w.now, 0
	for words = words[1:]; len(words) > 0; words = words[1:] {
		switch word := words[0]; word {
		case "try", "key", "for", "due", "reach", "limit":
			w.detail(&r, word, words[1])
			words = words[1:]
		default:
			w.about(&r, word)
		}
	}
	place := [2]uint64{r.Task, uint64(r.Process)}
	switch {
	case r.Kind == ledger.Started:
		w.tries[place] = r.Attempt
	case r.Kind == ledger.Ended && r.Attempt == 0:
		r.Attempt = w.tries[place]
	}
	w.records = append(w.records, r)
}

func (w *writer) detail(r *ledger.Record, name, value string) {
	switch name {
	case "try":
		r.Attempt = uint16(number(value))
	case "key":
		r.Key = number(value)
	case "for", "due":
		r.Until = r.At.Add(duration(value))
	case "reach", "limit":
		r.Reach = uint32(duration(value).Milliseconds())
	}
}

func (w *writer) about(r *ledger.Record, word string) {
	if code, ok := codes[word]; ok {
		r.Code = code
	} else if process, ok := strings.CutPrefix(word, "p"); ok {
		r.Process = uint32(number(process))
	} else {
		r.Task = number(word)
	}
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// set is the tasks of which it holds.
func set(tasks ...uint64) map[uint64]bool {
	m := map[uint64]bool{}
	for _, n := range tasks {
		m[n] = true
	}
	return m
}

// told is a final state that tells all, of so many successes.
func told(succeeded int, change ...func(*check.Final)) check.Final {
	f := check.Final{
		Counted: true, Succeeded: succeeded,
		Dead: set(), Unreadable: set(), Cancelled: set(), Stored: map[uint64]string{},
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func died(tasks ...uint64) func(*check.Final) {
	return func(f *check.Final) { f.Dead = set(tasks...) }
}

func calledOff(tasks ...uint64) func(*check.Final) {
	return func(f *check.Final) { f.Cancelled = set(tasks...) }
}

func unread(tasks ...uint64) func(*check.Final) {
	return func(f *check.Final) { f.Unreadable = set(tasks...) }
}

func waits(task uint64) func(*check.Final) {
	return func(f *check.Final) { f.Stored = map[uint64]string{task: "ready"} }
}

// rules are the names of the rules that a report says are broken, each as often as it is.
func rules(r check.Report) []string {
	var names []string
	for _, v := range r.Violations {
		names = append(names, v.Rule)
	}
	return names
}

func texts(r check.Report) string {
	var all strings.Builder
	for _, v := range r.Violations {
		fmt.Fprintf(&all, "\n%s: task %d %s", v.Rule, v.Task, v.Text)
	}
	return all.String()
}
