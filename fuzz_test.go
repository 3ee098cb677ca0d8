package zeroq

import (
	"errors"
	"strings"
	"testing"
)

// grammar is what a name may be, said a second time: its first character, the others, and its length.
type grammar struct {
	first, others string
	most          int
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// allows goes through the bytes, so that no line end, no NUL and no character of two bytes gets by.
func (g grammar) allows(name string) bool {
	if name == "" || len(name) > g.most || strings.IndexByte(g.first, name[0]) < 0 {
		return false
	}
	for _, c := range []byte(name[1:]) {
		if strings.IndexByte(g.others, c) < 0 {
			return false
		}
	}
	return true
}

var (
	queueGrammar = grammar{lower + digits, lower + digits + "_-", 64}
	typeGrammar  = grammar{lower + upper + digits + "._:/-", lower + upper + digits + "._:/-", 128}
	idGrammar    = grammar{lower + upper + digits, lower + upper + digits + "._:-", 128}
)

// The names that are taken are those of the grammar in docs/wire-format.md, byte for byte.
func FuzzNames(f *testing.F) {
	for _, limit := range limits {
		for _, task := range append(limit.within, limit.outside...) {
			f.Add(task.Type + task.ID + task.Queue)
		}
	}
	for _, name := range []string{"mail", "{q}", "q}:ready", "mail\x00", "mail\n", "ＭＡＩＬ", "ma\u0131l", "zq:{q}:seq", "*", "q~0~0000000001", "../q", "K"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if err := ValidateQueue(name); (err == nil) != queueGrammar.allows(name) {
			t.Errorf("queue %q: %v", name, err)
		}
		if ValidID(name) != idGrammar.allows(name) {
			t.Errorf("id %q: %v", name, ValidID(name))
		}
		for field, one := range map[string]struct {
			task Task
			good bool
		}{
			"type":  {Task{Type: name}, typeGrammar.allows(name)},
			"id":    {Task{Type: "x", ID: name}, name == "" || idGrammar.allows(name)},
			"queue": {Task{Type: "x", Queue: name}, name == "" || queueGrammar.allows(name)},
		} {
			var wrong *FieldError
			err := one.task.Validate(testNow)
			if (err == nil) != one.good || err != nil && (!errors.As(err, &wrong) || wrong.Field != field) {
				t.Errorf("%s %q: %v", field, name, err)
			}
		}
	})
}
