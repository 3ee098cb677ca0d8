package proxy

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
)

// arguments appends to dst the first arguments of a command, up to limit, all for a negative one.
// They are parts of frame. A frame that is no command has none.
func arguments(dst [][]byte, frame []byte, limit int) [][]byte {
	if len(frame) == 0 || frame[0] != '*' {
		return append(dst, bytes.Fields(frame)...)
	}
	count, rest := header(frame)
	if limit < 0 || count < limit {
		limit = count
	}
	for range limit {
		if len(rest) == 0 || rest[0] != '$' {
			return dst[:0] // Redis will refuse it
		}
		var length int
		length, rest = header(rest)
		if length < 0 || length+len("\r\n") > len(rest) {
			return dst[:0]
		}
		dst, rest = append(dst, rest[:length]), rest[length+len("\r\n"):]
	}
	return dst
}

// header reads the number of the line that frame begins with.
func header(frame []byte) (number int, rest []byte) {
	text, rest, _ := bytes.Cut(frame[1:], []byte("\n"))
	for _, digit := range bytes.TrimSuffix(text, []byte("\r")) {
		if digit < '0' || digit > '9' {
			return -1, rest
		}
		number = number*10 + int(digit-'0')
	}
	return number, rest
}

// nameArguments is how many arguments a name can depend on.
const nameArguments = 3

// longestName is that of a Redis command, and more.
const longestName = 32

// handshakes are the commands by which clients open a connection.
var handshakes = map[string]bool{"hello": true, "auth": true, "select": true, "client": true, "readonly": true}

// endless tells whether answers do not come one for each command any more after this one.
func endless(name []byte, args [][]byte) bool {
	switch string(name) {
	case "subscribe", "psubscribe", "ssubscribe", "monitor", "sync", "psync":
		return true
	case "client":
		return len(args) > 1 && bytes.EqualFold(args[1], []byte("reply"))
	}
	return false
}

// names gives commands their names.
type names struct {
	scripts map[string]string // by SHA-1
	lower   [longestName]byte
}

// of is the name of a command, as [Trap] has it.
func (n *names) of(args [][]byte) []byte {
	name := n.lowercase(args[0])
	if len(args) == 1 {
		return name
	}
	switch string(name) {
	case "evalsha", "evalsha_ro":
		return n.script(args[1])
	case "eval", "eval_ro":
		return n.script(digest(args[1]))
	case "echo":
		return args[1]
	case "script":
		return n.load(name, args)
	}
	return name
}

// load is the name of SCRIPT and what comes after it. To load a script is not to run it, so that has
// another name than the script.
func (n *names) load(name []byte, args [][]byte) []byte {
	if len(args) < 3 || !bytes.EqualFold(args[1], []byte("load")) {
		return name
	}
	script, ok := n.scripts[string(digest(args[2]))]
	if !ok {
		return name
	}
	return append(append(n.lower[:0], "load "...), script...)
}

func (n *names) script(sha []byte) []byte {
	if name, ok := n.scripts[string(sha)]; ok {
		return append(n.lower[:0], name...)
	}
	return append(n.lower[:0], "eval"...)
}

func (n *names) lowercase(b []byte) []byte {
	name := append(n.lower[:0], b...)
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			name[i] = c + ('a' - 'A')
		}
	}
	return name
}

func digest(text []byte) []byte {
	sum := sha1.Sum(text)
	return hex.AppendEncode(nil, sum[:])
}
