// Package deed is the handler of all chaos runs: what a task is told to do, it does, and notes in the
// ledger. Systems that are compared run the same one.
package deed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Deed is the data of a task.
type Deed struct {
	// N is the task's number.
	N uint64 `json:"n"`
	// Key is noted with each run; 0 for none.
	Key uint64 `json:"key,omitempty"`
	// Do is what happens in the end: see the constants. "" is to succeed.
	Do string `json:"do,omitempty"`
	// Nap is how long each attempt takes.
	Nap time.Duration `json:"nap,omitempty"`
	// Times is how many attempts go wrong before one succeeds; those that do something once need none.
	Times int `json:"times,omitempty"`
}

// What a task may do.
const (
	// Fail returns an error, Times times.
	Fail = "fail"
	// Panic panics, Times times.
	Panic = "panic"
	// Hang ignores its context for Nap, once; later attempts succeed at once.
	Hang = "hang"
	// Exit ends the process, once in the run, whoever is there.
	Exit = "exit"
	// Poison ends the process each time.
	Poison = "poison"
	// Give says that trying again is of no use.
	Give = "give up"
)

// ErrFailed is what a task returns that is told to fail.
var ErrFailed = errors.New("failed as told")

// ErrHopeless is what a task returns that is told to give up.
var ErrHopeless = errors.New("hopeless as told")

// Places in a handler where a process can be hit.
const (
	Before = "before handler" // nothing is noted yet
	During = "in handler"     // the start is noted
	After  = "handler done"   // the end is noted, the outcome not yet reported
)

// Doer runs deeds in one process.
type Doer struct {
	// Log is where runs are noted.
	Log *ledger.Log
	// Folder is that of the run: what may happen only once leaves a file there.
	Folder string
	// Pass is called at each place; nil does nothing.
	Pass func(ctx context.Context, place string)
}

// Do runs a deed. The attempt counts from 1.
func (d Doer) Do(ctx context.Context, deed Deed, attempt int) error {
	d.pass(ctx, Before)
	note := func(kind ledger.Kind, code ledger.Code) {
		d.Log.Add(ledger.Record{Kind: kind, Code: code, Task: deed.N, Key: deed.Key, Attempt: uint16(attempt)})
	}
	note(ledger.Started, 0)
	defer func() {
		if cause := recover(); cause != nil {
			note(ledger.Ended, ledger.Panicked)
			panic(cause)
		}
	}()
	d.pass(ctx, During)
	err := d.act(ctx, deed, attempt)
	note(ledger.Ended, codeOf(ctx, err))
	d.pass(ctx, After)
	return err
}

func codeOf(ctx context.Context, err error) ledger.Code {
	switch {
	case err == nil:
		return ledger.OK
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return ledger.Cut
	default:
		return ledger.Failed
	}
}

func (d Doer) act(ctx context.Context, deed Deed, attempt int) error {
	wrong := attempt <= deed.Times
	switch {
	case deed.Do == Poison, deed.Do == Exit && d.first(deed):
		d.exit()
	case deed.Do == Hang:
		if d.first(deed) {
			<-time.After(deed.Nap)
		}
		return nil
	}
	if err := nap(ctx, deed.Nap); err != nil {
		return err
	}
	switch {
	case deed.Do == Give:
		return ErrHopeless
	case deed.Do == Fail && wrong:
		return ErrFailed
	case deed.Do == Panic && wrong:
		panic(ErrFailed)
	}
	return nil
}

func nap(ctx context.Context, length time.Duration) error {
	if length <= 0 {
		return nil
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// first tells whether a deed is done for the first time in the run, by whatever process.
func (d Doer) first(deed Deed) bool {
	file, err := os.OpenFile(filepath.Join(d.Folder, fmt.Sprintf("once-%d", deed.N)), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	_ = file.Close()
	return true
}

// exit ends the process as a handler does that calls os.Exit.
func (d Doer) exit() {
	d.Log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Exit, Process: d.Log.Process(), Until: ledger.Now()})
	os.Exit(1)
}

func (d Doer) pass(ctx context.Context, place string) {
	if d.Pass != nil {
		d.Pass(ctx, place)
	}
}
