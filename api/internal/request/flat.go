package request

import "bytes"

// deepest is how many levels of a batch are read. It leaves room for every task that can be right,
// and is far below the 10,000 levels where the decoder gives up on the whole body.
const deepest = 1000

// flat returns the body with strings of spaces in place of what is nested deeper than [deepest], each
// as long as what it stands for, so that one task of that kind does not end the batch: [Task] refuses
// it by itself. What is taken out may be no JSON, but its brackets match; where they do not, the body
// is returned as it is, for the decoder to refuse.
func flat(body []byte) []byte {
	var closers []byte
	out, copied := body, false
	for i := 0; i < len(body); {
		c, next, edge := body[i], i+1, false
		switch c {
		case '"':
			next = stringEnd(body, i)
		case '[', '{':
			closers = append(closers, c+2) // the closing bracket is two on in ASCII
			edge = len(closers) == deepest+1
		case ']', '}':
			if len(closers) == 0 || closers[len(closers)-1] != c {
				return body
			}
			edge = len(closers) == deepest+1
		}
		if len(closers) > deepest {
			if !copied {
				out, copied = bytes.Clone(body), true
			}
			fill(out[i:next], edge)
		}
		if c == ']' || c == '}' {
			closers = closers[:len(closers)-1]
		}
		i = next
	}
	return out
}

// stringEnd is the place behind the string that begins at start, or the end of the body.
func stringEnd(body []byte, start int) int {
	for i := start + 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// fill overwrites a part of a value with the spaces of its string, or with one of its quotes.
func fill(part []byte, quote bool) {
	for i := range part {
		part[i] = ' '
	}
	if quote {
		part[0] = '"'
	}
}
