package proxy

import (
	"slices"
	"sync"
)

// Moment is when a trap springs.
type Moment uint8

const (
	// Sent is when the process has sent the command and Redis has not seen it. What the process sent
	// before it on the same connection is answered.
	Sent Moment = iota
	// Executed is when Redis has executed the command and the process has not seen a byte of the
	// answer. What comes after it in a pipeline has not reached Redis. An error is no
	// such answer: it is let through, and the trap waits for the next command. SUBSCRIBE and
	// its like have no such moment.
	Executed
)

// Trap says where to hit a process.
type Trap struct {
	// Command is what springs it: the name of a script, such as "fetch"; else a command in lower
	// case, such as "blmove"; or what an ECHO says, such as "in handler". SCRIPT LOAD of a script is
	// "load fetch", a script without a name is "eval". "" is any command but those that open a
	// connection. In MULTI the commands are only noted, so the moment of all of them is "exec".
	Command string
	// Match, if set, is asked with all arguments of each such command, the command itself first; it
	// springs only for those it likes. It must not keep the arguments, nor use the proxy.
	Match func(args [][]byte) bool
	// Skip is how many fitting commands pass first.
	Skip int
	// Moment is when it springs.
	Moment Moment
	// Lose resets the connection at once: at Sent the command never reaches Redis, at Executed the
	// answer never reaches the process. Without it the connection is held.
	Lose bool
}

// Armed is a trap that waits or has sprung. It springs once.
type Armed struct {
	proxy    *Proxy
	trap     Trap
	skip     int  // fitting commands that still pass
	taken    bool // a command has sprung it, or will when it is answered
	tripped  chan struct{}
	released chan struct{}
	release  sync.Once
}

// Arm sets a trap. If several fit a command, it springs the one that was armed first.
func (p *Proxy) Arm(t Trap) *Armed {
	a := &Armed{proxy: p, trap: t, skip: t.Skip, tripped: make(chan struct{}), released: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps = append(p.traps, a)
	return a
}

// Tripped is closed when the trap has sprung. Without Lose nothing passes on the connection from then
// on, in neither direction, until Release; other connections go on.
func (a *Armed) Tripped() <-chan struct{} { return a.tripped }

// Release lets what is held pass, and disarms a trap that has not sprung. For a command that should
// never reach Redis, break the connection before, by [Proxy.Reset].
func (a *Armed) Release() {
	a.proxy.disarm(a)
	a.release.Do(func() { close(a.released) })
}

// disarm tells whether the trap was armed.
func (p *Proxy) disarm(a *Armed) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.traps, a)
	if i < 0 {
		return false
	}
	p.traps = slices.Delete(p.traps, i, i+1)
	return true
}

// untake has a trap wait for another command.
func (p *Proxy) untake(a *Armed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.taken = false
}

// meet counts a command and returns the trap that it springs, or nil.
func (p *Proxy) meet(name, frame []byte) *Armed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.seen[string(name)]; n != nil {
		*n++
	} else {
		p.seen[string(name)] = new(1)
	}
	var found *Armed
	for _, a := range p.traps {
		if a.taken || !a.trap.fits(name, frame) {
			continue
		}
		if a.skip > 0 {
			a.skip--
		} else if found == nil {
			a.taken, found = true, a
		}
	}
	return found
}

func (t Trap) fits(name, frame []byte) bool {
	if t.Command == "" && handshakes[string(name)] || t.Command != "" && t.Command != string(name) {
		return false
	}
	return t.Match == nil || t.Match(arguments(nil, frame, -1))
}

// Seen is how many commands of that name, as [Trap] has it, have come from the process. A script that
// Redis did not know comes twice.
func (p *Proxy) Seen(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.seen[name]; n != nil {
		return *n
	}
	return 0
}
