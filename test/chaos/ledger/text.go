package ledger

import (
	"bytes"
	"fmt"
)

var kinds = map[Kind]string{
	Sending: "sending", Accepted: "accepted", Refused: "refused", Unknown: "no answer", Started: "started", Ended: "ended",
	Calling: "calling off", CalledOff: "called off", Fault: "fault", Up: "up", Down: "down", Serving: "serving",
}

var codes = map[Kind]map[Code]string{
	Sending: {Succeeds: "succeeds", Dies: "dies", Unreadable: "unreadable", Uncertain: "uncertain"},
	Refused: {Duplicate: "duplicate", Full: "full", Other: "other"},
	Ended:   {OK: "ok", Failed: "failed", Panicked: "panicked", Cut: "cut"},
	Fault: {
		Kill: "kill -9", Stop: "SIGSTOP", Term: "SIGTERM", Exit: "exit", RedisKill: "Redis killed", RedisStop: "Redis halted",
		RedisFull: "Redis full", ScriptFlush: "script flush", Reset: "connections reset", BlackHole: "black hole",
		LostReply: "reply lost", Latency: "latency", Clock: "wrong clock", Garbage: "garbage", Stall: "stall",
		CarrierKill: "broker killed", CarrierReset: "broker's connections reset", CarrierHole: "black hole before the broker",
	},
}

// String is the kind's name.
func (k Kind) String() string { return kinds[k] }

// Name is what a code means for a kind; "" for none.
func (k Kind) Name(c Code) string { return codes[k][c] }

// String tells of the record in a line; times are in s.
func (r Record) String() string {
	text := fmt.Sprintf("%12.6f  process %d  %s", float64(r.At)/1e9, r.Process, r.Kind)
	if name := r.Kind.Name(r.Code); name != "" {
		text += " " + name
	}
	if r.Task > 0 {
		text += fmt.Sprintf("  task %d", r.Task)
	}
	if r.Key > 0 {
		text += fmt.Sprintf("  key %d", r.Key)
	}
	if r.Attempt > 0 {
		text += fmt.Sprintf("  attempt %d", r.Attempt)
	}
	if r.Until > r.At {
		text += fmt.Sprintf("  for %v", r.Until.Sub(r.At))
	}
	if note := bytes.TrimRight(r.Note[:], "\x00"); len(note) > 0 {
		text += "  " + string(note)
	}
	return text
}
