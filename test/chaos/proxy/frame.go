package proxy

import (
	"bytes"
	"errors"
)

// errFrame is of bytes that are not RESP.
var errFrame = errors.New("proxy: not RESP")

// maxCount bounds what a frame says of its own length and number of parts. It is far above what
// Redis takes, and so low that no sum of them overflows.
const maxCount = 1 << 36

// part is what a scanner expects next.
type part uint8

const (
	kind   part = iota // the first byte of a value
	line               // the rest of a value that is one line
	number             // how long or of how many parts the value is
	bulk               // bytes of a known number
)

// scanner finds where frames of RESP 2 and 3 end in a stream that comes in pieces. It keeps a few
// numbers and no bytes, so it costs the same for a frame of any size.
type scanner struct {
	// inline takes a line that begins like no value for a frame of its own: a command may be one.
	inline bool

	next  part
	typ   byte  // of the value that is being read
	lacks int64 // values that the frame lacks, the one that is being read included; 0 between frames
	count int64 // what number has read; then the bytes that bulk lacks
	minus bool  // number has read a minus
	digit bool  // number has read a digit
}

// between tells whether the next byte begins a frame.
func (s *scanner) between() bool { return s.lacks == 0 }

// scan takes bytes of b up to the end of the frame. n is how many, whole tells whether the frame
// ends with them. It takes all of b unless the frame ends or is none.
func (s *scanner) scan(b []byte) (n int, whole bool, err error) {
	for n < len(b) {
		switch s.next {
		case kind:
			if err := s.begin(b[n]); err != nil {
				return n, false, err
			}
			if s.next == number {
				n++ // a line may begin with its end
			}
		case line:
			end := bytes.IndexByte(b[n:], '\n')
			if end < 0 {
				return len(b), false, nil
			}
			n += end + 1
			whole = s.end(0)
		case number:
			ended, err := s.read(b[n])
			if err != nil {
				return n, false, err
			}
			n++
			whole = ended && s.counted()
		case bulk:
			take := min(s.count, int64(len(b)-n))
			n += int(take)
			if s.count -= take; s.count == 0 {
				whole = s.end(0)
			}
		}
		if whole {
			return n, true, nil
		}
	}
	return n, false, nil
}

func (s *scanner) begin(b byte) error {
	s.typ, s.count, s.minus, s.digit = b, 0, false, false
	switch {
	case s.inline && s.lacks == 0 && b != '*':
		s.next = line
	case bytes.IndexByte([]byte("+-:_,#("), b) >= 0:
		s.next = line
	case bytes.IndexByte([]byte("$!=*~>%|"), b) >= 0:
		s.next = number
	default:
		return errFrame
	}
	s.lacks = max(s.lacks, 1)
	return nil
}

// read takes one byte of a number and tells whether its line has ended.
func (s *scanner) read(b byte) (ended bool, err error) {
	switch {
	case b >= '0' && b <= '9':
		s.digit = true
		if s.count = s.count*10 + int64(b-'0'); s.count > maxCount {
			return false, errFrame
		}
	case b == '-' && !s.minus && !s.digit:
		s.minus = true
	case b == '\n' && s.digit:
		return true, nil
	case b != '\r':
		return false, errFrame
	}
	return false, nil
}

// counted goes on after a number, and tells whether the frame has ended with it.
func (s *scanner) counted() (whole bool) {
	switch {
	case s.minus: // null, as RESP 2 has it
		return s.end(0)
	case bytes.IndexByte([]byte("$!="), s.typ) >= 0:
		s.count += int64(len("\r\n"))
		s.next = bulk
		return false
	case s.typ == '%':
		return s.end(2 * s.count)
	case s.typ == '|': // attributes come before the value that they are of
		return s.end(2*s.count + 1)
	default:
		return s.end(s.count)
	}
}

// end ends a value that has so many parts, and tells whether the frame ends with it.
func (s *scanner) end(parts int64) (whole bool) {
	s.next = kind
	s.lacks = min(s.lacks-1+parts, 1<<60)
	return s.lacks == 0
}
