//go:build linux

package rig

import "testing"

func TestWhole_LeavesOutATransactionWithoutItsEnd(t *testing.T) {
	t.Parallel()
	const begin, end, command = "*1\r\n$5\r\nMULTI\r\n", "*1\r\n$4\r\nEXEC\r\n", "*1\r\n$4\r\nPING\r\n"
	for text, want := range map[string]int{
		"":                                0,
		command:                           len(command),
		begin + command + end:             len(begin + command + end),
		begin + command:                   0,
		command + begin + command[:5]:     len(command),
		begin + end + begin + end[:9]:     len(begin + end),
		begin + command + end + begin[:7]: len(begin + command + end + begin[:7]),
	} {
		if got := whole([]byte(text)); got != int64(want) {
			t.Errorf("%q is whole to %d, want %d", text, got, want)
		}
	}
}
