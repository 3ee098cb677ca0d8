package plan

import (
	"fmt"
	"strings"
)

// huge is the size of the largest garbage, in bytes.
const huge = 10 << 20

// garbage are messages that nobody can run; a number between two "#" stands for the verb.
var garbage = []string{
	"not json at all %s",
	`{"type":"deed","data":"%s"`, // cut off
	"\x00\x01\xff\xfe binary %s",
	strings.Repeat("[", 20_000) + "%s",
	`{"type":"no type %s","data":1}`,
	`{"type":"deed","delay":"-1s","data":"%s"}`,
	`{"data":"%s"}`,
	`"%s"`,
}

// GarbageOf is the n-th message that nobody can run. It holds its number, so that it is known again
// where it ends up.
func GarbageOf(n uint64) string {
	number := fmt.Sprintf("#%d#", n)
	kind := n % uint64(len(garbage)+1)
	if kind == uint64(len(garbage)) {
		return strings.Repeat("x", huge) + number
	}
	return fmt.Sprintf(garbage[kind], number)
}
