package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frameOf is a command as clients send it.
func frameOf(args ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return []byte(b.String())
}

func TestNames_AreThoseOfTraps(t *testing.T) {
	t.Parallel()
	text, sha := "return redis.call('INCR', KEYS[1])", bump.Hash()
	long := strings.Repeat("LONG", 20)
	for _, test := range []struct {
		want string
		args []string
	}{
		{"get", []string{"GET", "k"}},
		{"blmove", []string{"bLmOvE", "a", "b", "left", "right", "0"}},
		{"bump", []string{"EVALSHA", sha, "0"}},
		{"bump", []string{"evalsha_ro", sha, "0"}},
		{"bump", []string{"eval", text, "0"}},
		{"eval", []string{"EVAL", text + " ", "0"}},
		{"eval", []string{"EVALSHA", strings.Repeat("0", 40), "0"}},
		{"load bump", []string{"SCRIPT", "LOAD", text}},
		{"script", []string{"SCRIPT", "LOAD", text + " "}},
		{"script", []string{"SCRIPT", "FLUSH", "SYNC"}},
		{"In Handler", []string{"ECHO", "In Handler"}},
		{"echo", []string{"ECHO"}},
		{"evalsha", []string{"EVALSHA"}},
		{strings.ToLower(long), []string{long}},
	} {
		n := names{scripts: scripts}
		if got := n.of(arguments(nil, frameOf(test.args...), nameArguments)); string(got) != test.want {
			t.Errorf("%q is called %q, want %q", test.args, got, test.want)
		}
	}
}

func TestArguments_AreThoseOfTheCommand(t *testing.T) {
	t.Parallel()
	want := []string{"SET", "", "\r\n$1\r\n", "EX", "1"}
	for limit := -1; limit <= len(want)+1; limit++ {
		expect := want
		if limit >= 0 {
			expect = want[:min(limit, len(want))]
		}
		var got []string
		for _, arg := range arguments(nil, frameOf(want...), limit) {
			got = append(got, string(arg))
		}
		if !slices.Equal(got, expect) {
			t.Errorf("limit %d: got %q, want %q", limit, got, expect)
		}
	}
	for _, none := range []string{"\r\n", "*0\r\n", "*-1\r\n", "*1\r\n:1\r\n", "*1\r\n$-1\r\n"} {
		if got := arguments(nil, []byte(none), -1); len(got) != 0 {
			t.Errorf("%q has %q", none, got)
		}
	}
}
