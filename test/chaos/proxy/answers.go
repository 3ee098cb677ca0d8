package proxy

import "io"

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
	buffer := make([]byte, readSize)
	for {
		n, err := a.conn.redis.Read(buffer)
		if !a.take(buffer[:n]) {
			return
		}
		switch {
		case err == io.EOF:
			a.way.finish()
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

// take passes b on. It springs the claimed trap at the beginning of the answer that it waits for. It
// tells whether the connection still stands.
func (a *answers) take(b []byte) bool {
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
				if !before(at) || !a.answer(claim, b[at:]) {
					return false
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
	return before(len(b))
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
	if b[0] == '-' || b[0] == '!' { // Redis has not executed it
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
