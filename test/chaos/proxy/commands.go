package proxy

import "io"

const (
	// readSize is how much is read at once, and what a buffer begins with.
	readSize = 64 << 10
	// keepSize is up to what size a buffer is kept that had to grow for a command.
	keepSize = 1 << 20
	// maxCommand is what a command may have at most to be read; Redis takes none that is longer.
	maxCommand = 1 << 30
)

// commands are what the process sends.
type commands struct {
	conn  *conn
	way   *way
	names names
	args  [][]byte
	raw   bool // from now on unread

	buffer  []byte
	scanner scanner
	used    int   // bytes of buffer that are not passed on
	scanned int   // of those
	sent    int64 // commands
}

func (c *commands) run() {
	c.buffer, c.scanner.inline = make([]byte, readSize), true
	for {
		n, err := c.conn.client.Read(c.buffer[c.used:])
		c.used += n
		if !c.take() {
			return
		}
		switch {
		case err == io.EOF:
			if c.way.pass(c.buffer[:c.used], 0) {
				c.way.finish()
			}
			return
		case err != nil:
			c.broken()
			return
		}
	}
}

// broken passes on that the process has broken the connection.
func (c *commands) broken() {
	if c.conn.clear() {
		c.conn.reset()
	}
}

// take passes on the commands that are in the buffer whole, and makes room. It tells whether the
// connection still stands.
func (c *commands) take() bool {
	b, passed, start := c.buffer[:c.used], 0, 0
	before := func() bool {
		from := passed
		passed = start
		return c.way.pass(b[from:start], 0)
	}
	for c.scanned < len(b) && !c.raw {
		n, whole, err := c.scanner.scan(b[c.scanned:])
		c.scanned += n
		c.raw = err != nil
		if !whole {
			continue
		}
		if args := c.arguments(b[start:c.scanned]); len(args) > 0 { // else Redis does not answer
			if !c.meet(args, b[start:c.scanned], before) {
				return false
			}
		}
		start = c.scanned
	}
	if c.raw {
		start = len(b)
	}
	ok := c.way.pass(b[passed:start], 0)
	c.keep(b[start:])
	return ok
}

func (c *commands) arguments(frame []byte) [][]byte {
	c.args = arguments(c.args[:0], frame, nameArguments)
	return c.args
}

// keep leaves in the buffer what is no whole command yet, with room for more.
func (c *commands) keep(rest []byte) {
	buffer := c.buffer
	switch {
	case len(rest) == len(buffer):
		buffer = make([]byte, 2*len(buffer))
	case len(rest) == 0 && len(buffer) > keepSize:
		buffer = make([]byte, readSize)
	}
	c.used = copy(buffer, rest)
	c.scanned, c.buffer = c.used, buffer
	c.raw = c.raw || c.used >= maxCommand
}

// meet looks at one command and springs its trap, if there is one. before passes on what comes before
// it. It tells whether the connection still stands.
func (c *commands) meet(args [][]byte, frame []byte, before func() bool) bool {
	if claim := c.conn.claim.Load(); claim != nil {
		if !before() {
			return false
		}
		select {
		case <-claim.over:
		case <-c.conn.over():
			return false
		}
	}
	name := c.names.of(args)
	armed := c.conn.proxy.meet(name, frame)
	c.sent++
	c.raw = endless(name, args)
	switch {
	case armed == nil:
		return true
	case armed.trap.Moment == Executed && c.raw: // its answer will not be told from what comes with it
		c.conn.proxy.untake(armed)
		return true
	case armed.trap.Moment == Executed:
		c.conn.claim.Store(&claim{armed: armed, nth: c.sent, over: make(chan struct{})})
		return true
	case !before():
		c.conn.proxy.untake(armed)
		return false
	default:
		c.conn.caughtUp(c.sent-1, armed)
		return c.conn.spring(armed)
	}
}
