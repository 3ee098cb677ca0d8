package contender

import (
	"fmt"
	"strconv"
	"strings"
)

// indexDigits is how many digits of a payload are its task's number.
const indexDigits = 10

// MinPayload is the shortest payload: two quotes and a number.
const MinPayload = indexDigits + 2

// Data is the data of the task of a number: a JSON string of as many bytes, quotes included.
func Data(bytes, index int) []byte {
	return fmt.Appendf(nil, `"%0*d%s"`, indexDigits, index, strings.Repeat("x", max(bytes-MinPayload, 0)))
}

// index is the number of the task that has the data; -1 if it is none of ours.
func index(data []byte) int {
	if len(data) < MinPayload {
		return -1
	}
	n, err := strconv.Atoi(string(data[1 : 1+indexDigits]))
	if err != nil {
		return -1
	}
	return n
}
