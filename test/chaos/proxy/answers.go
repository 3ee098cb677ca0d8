package proxy

import (
	"bytes"
	"io"
)

// unknownScript is how an answer begins when the script was not there, so was not executed.
var unknownScript = []byte("-NOSCRIPT")

// answers are what Redis sends.
type answers struct {
	conn *conn
	way  *way
	raw  bool // from now on unread

	scanner scanner
	push    bool  // what is being read is no answer
	ended   int64 // answers that were read to their end
}

func (a *answers) run() {
	buffer, kept := make([]byte, readSize), 0
	for {
		n, err := a.conn.redis.Read(buffer[kept:])
		var ok bool
		if kept, ok = a.take(buffer[:kept+n]); !ok {
			return
		}
		switch {
		case err == io.EOF:
			if a.way.pass(buffer[:kept], 0) {
				a.way.finish()
			}
			return
		case err != nil:
			a.broken()
			return
		}
	}
}

// broken passes on that Redis has broken the connection.
func (a *answers) broken() {
	if a.conn.clear() {
		a.conn.reset()
	}
}

// take passes b on. It springs the claimed trap at the beginning of the answer that it waits for. kept
// is how many bytes it has moved to the front of b, to be read with more. ok tells whether the
// connection still stands.
func (a *answers) take(b []byte) (kept int, ok bool) {
	passed, ended := 0, a.ended
	before := func(at int) bool {
		from, answers := passed, a.ended-ended
		passed, ended = at, a.ended
		return a.way.pass(b[from:at], answers)
	}
	for at := 0; at < len(b) && !a.raw; {
		if a.scanner.between() {
			a.push = b[at] == '>'
			if claim := a.claimed(); claim != nil {
				if bytes.HasPrefix(unknownScript, b[at:]) { // too few bytes to tell
					ok := before(at)
					return copy(b, b[at:]), ok
				}
				if !before(at) || !a.answer(claim, b[at:]) {
					return 0, false
				}
			}
		}
		n, whole, err := a.scanner.scan(b[at:])
		at += n
		if whole && !a.push {
			a.ended++
		}
		if err != nil {
			a.raw = true
			a.conn.drop()
		}
	}
	return 0, before(len(b))
}

// claimed is the claim on the answer that begins, or nil.
func (a *answers) claimed() *claim {
	claim := a.conn.claim.Load()
	if claim == nil || a.push || claim.nth != a.ended+1 {
		return nil
	}
	return claim
}

// answer springs a trap at the answer that it waits for, which begins with b. It tells whether the
// connection still stands.
func (a *answers) answer(claim *claim, b []byte) bool {
	if bytes.HasPrefix(b, unknownScript) {
		a.conn.drop()
		return true
	}
	a.conn.caughtUp(claim.nth-1, claim.armed)
	ok := a.conn.spring(claim.armed)
	if a.conn.claim.CompareAndSwap(claim, nil) {
		close(claim.over)
	}
	return ok
}
