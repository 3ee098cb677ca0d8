// Package ledger is the memory of a chaos run: who sent, ran and broke what, and when. Each process
// appends to a file of its own by write(2), so what it said survives kill -9.
package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// Size is that of a record in a file, in bytes.
const Size = 64

// Time is a moment in ns of CLOCK_BOOTTIME: one clock for all processes of a machine, which nobody
// sets.
type Time int64

// Add returns the moment d later.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns how much later t is than u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Kind is what a record tells of.
type Kind uint8

// Kinds of records.
const (
	// Sending: a producer is about to send a task; Code is what is to become of it. It is written
	// once, before the first try.
	Sending Kind = iota + 1
	// Accepted: it was answered that the task is safe.
	Accepted
	// Refused: it was answered that the task is not taken; Code is why.
	Refused
	// Unknown: no answer; the task may be in or not.
	Unknown
	// Started: a handler has begun.
	Started
	// Ended: a handler has returned; Code is how.
	Ended
	// Calling: somebody is about to call the task off, so it may be cancelled from now on.
	Calling
	// CalledOff: it was answered that the task will not start any more.
	CalledOff
	// Fault: the harness broke something; Code is what. Process is whom it hit, 0 for all. It is
	// written when the fault is over, with both moments.
	Fault
	// Up: a process is about to do its work; Key is its wall clock, in Unix seconds.
	Up
	// Down: a process has ended in order.
	Down
	// Serving: Redis accepts connections, for the first time or again.
	Serving
)

// Code says more of a record. What a code means depends on the kind.
type Code uint8

// What is to become of a task, as [Sending] has it.
const (
	// Succeeds: one of its attempts returns nil.
	Succeeds Code = iota + 1
	// Dies: it becomes a dead letter, by what its handler does.
	Dies
	// Unreadable: no handler can get it; it becomes a dead letter with the bytes it came with.
	Unreadable
	// Uncertain: whoever sends it calls it off, or may do so; it succeeds or is cancelled.
	Uncertain
)

// How a handler returned, as [Ended] has it.
const (
	// OK: with nil.
	OK Code = iota + 1
	// Failed: with an error of its own.
	Failed
	// Panicked: by a panic.
	Panicked
	// Cut: with an error because its context ended.
	Cut
)

// Why a task was refused, as [Refused] has it.
const (
	// Duplicate: an equal one holds its unique key.
	Duplicate Code = iota + 1
	// Full: Redis has no memory left.
	Full
	// Other: anything else, which no producer of the harness should meet.
	Other
)

// What was broken, as [Fault] has it.
const (
	// Kill is kill -9 of a process.
	Kill Code = iota + 1
	// Stop is SIGSTOP of a process, until SIGCONT.
	Stop
	// Term is SIGTERM of a process.
	Term
	// Exit is a handler that ends its process.
	Exit
	// RedisKill is kill -9 of Redis, until it serves again. Reach is what it may have forgotten.
	RedisKill
	// RedisStop is SIGSTOP of Redis: it is away, with its clients connected.
	RedisStop
	// RedisFull is a Redis that has no memory left.
	RedisFull
	// ScriptFlush makes Redis forget all scripts.
	ScriptFlush
	// Reset breaks the connections of a process.
	Reset
	// BlackHole lets nothing pass between a process and Redis, and tells neither.
	BlackHole
	// LostReply has Redis execute a command whose answer never arrives.
	LostReply
	// Latency delays every byte between a process and Redis.
	Latency
	// Clock is a process whose wall clock is wrong from its start to its end.
	Clock
	// Stall is a machine that stood still, or a Redis that did not answer though nothing was done to it.
	// Nobody asked for it, so it does not count as a fault; but leases run out meanwhile.
	Stall
	// Garbage is messages on a list that nobody can read.
	Garbage
	// CarrierKill is kill -9 of the broker that carries the ready tasks, until it serves again.
	CarrierKill
	// CarrierReset breaks the connections between a process and that broker.
	CarrierReset
	// CarrierHole lets nothing pass between a process and that broker, and tells neither.
	CarrierHole
)

// Record is one line of a ledger.
type Record struct {
	At      Time
	Until   Time   // of a fault: when it was over, At if it was over at once; of what is sent: when it is due, 0 is at once
	Task    uint64 // the number that its producer gave it, from 1; 0 when it is about no task
	Key     uint64 // a unique key, a group, or the time of a schedule in Unix ms; 0 for none
	Process uint32 // who wrote it, or whom a fault hit; each start of a program has a number of its own, from 1
	Reach   uint32 // of a fault: how many ms before At what was answered may be undone; of a task that is sent: how many ms one attempt may take, 0 for the default
	Attempt uint16 // of a run: the attempt, from 1
	Kind    Kind
	Code    Code
	Note    [16]byte // a name for people, such as that of the crash point
}

// errDamaged is of a record that was not written whole.
var errDamaged = errors.New("ledger: damaged record")

func (r Record) encode() [Size]byte {
	var b [Size]byte
	le := binary.LittleEndian
	le.PutUint64(b[0:], uint64(r.At))
	le.PutUint64(b[8:], uint64(r.Until))
	le.PutUint64(b[16:], r.Task)
	le.PutUint64(b[24:], r.Key)
	le.PutUint32(b[32:], r.Process)
	le.PutUint32(b[36:], r.Reach)
	le.PutUint16(b[40:], r.Attempt)
	b[42], b[43] = byte(r.Kind), byte(r.Code)
	copy(b[44:60], r.Note[:])
	le.PutUint32(b[60:], crc32.ChecksumIEEE(b[:60]))
	return b
}

func decode(b []byte) (Record, error) {
	le := binary.LittleEndian
	if len(b) != Size || le.Uint32(b[60:]) != crc32.ChecksumIEEE(b[:60]) {
		return Record{}, errDamaged
	}
	return Record{
		At: Time(le.Uint64(b[0:])), Until: Time(le.Uint64(b[8:])),
		Task: le.Uint64(b[16:]), Key: le.Uint64(b[24:]),
		Process: le.Uint32(b[32:]), Reach: le.Uint32(b[36:]), Attempt: le.Uint16(b[40:]),
		Kind: Kind(b[42]), Code: Code(b[43]), Note: [16]byte(b[44:60]),
	}, nil
}

// TheEnd is the note of the SIGTERM that each process of a run gets in the end, which is no fault of the
// run's.
const TheEnd = "the end"

// NoteOf is a note with the beginning of a text.
func NoteOf(text string) (n [16]byte) {
	copy(n[:], text)
	return n
}
