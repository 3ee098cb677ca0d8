// Package taskid makes and reads the ids that zeroq assigns.
//
// Such an id names the queue, the partition and a sequence number, as in
// "default~0~000000001k": it says by itself where the task lives, and ids of one queue sort by the
// time they were assigned. Ids that producers choose never contain "~".
package taskid

import (
	"math/bits"
	"strconv"
	"strings"
)

// digits is the fixed width of the sequence number: 50 bits in base 32.
const digits = 10

// New returns the id of a sequence number in a queue's partition.
func New(queue string, partition int, sequence uint64) string {
	var space [96]byte // enough for all but the longest names
	b := append(append(space[:0], queue...), '~')
	b = append(strconv.AppendInt(b, int64(partition), 10), '~')
	for width := max(1, (bits.Len64(sequence)+4)/5); width < digits; width++ {
		b = append(b, '0')
	}
	return string(strconv.AppendUint(b, sequence, 32))
}

// Parse reads an id; ok is false when a producer chose it.
func Parse(id string) (queue string, partition int, sequence uint64, ok bool) {
	queue, rest, ok := strings.Cut(id, "~")
	if !ok || queue == "" {
		return "", 0, 0, false
	}
	p, n, ok := strings.Cut(rest, "~")
	if !ok || len(n) != digits {
		return "", 0, 0, false
	}
	partition, err := strconv.Atoi(p)
	if err != nil || partition < 0 {
		return "", 0, 0, false
	}
	sequence, err = strconv.ParseUint(n, 32, 64)
	// Each id is written in one way: no sign, no more zeros than New writes, no capitals.
	if err != nil || p != strconv.Itoa(partition) || strings.ToLower(n) != n {
		return "", 0, 0, false
	}
	return queue, partition, sequence, true
}
