package fingerprint

import (
	"regexp"
	"strings"
	"testing"
)

// Each list is one error as it comes up several times.
var same = [][]string{
	{
		"dial tcp 10.0.0.7:6379: connect: connection refused",
		"dial tcp 192.168.100.12:16379: connect: connection refused",
	}, {
		"read tcp 10.1.2.3:51234->10.0.0.7:443: i/o timeout",
		"read tcp 10.1.2.4:51235->10.0.0.9:443: i/o timeout",
	}, {
		"dial tcp [2001:db8::1]:443: connect: no route to host",
		"dial tcp [2001:db8::ff00:42:8329]:8443: connect: no route to host",
	}, {
		`Post "https://api.example.com/v1/orders/17": context deadline exceeded`,
		`Post "https://api.example.com/v1/orders/18?try=2": context deadline exceeded`,
	}, {
		"order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 not found",
		"order 6ba7b810-9dad-11d1-80b4-00c04fd430c8 not found",
		"order 00000000-feed-dead-beef-00c04fd430c8 not found",
	}, {
		`ERROR: duplicate key value violates unique constraint "users_pkey" (SQLSTATE 23505)`,
		`ERROR: duplicate key value violates unique constraint "mails_pkey" (SQLSTATE 23505)`,
	}, {
		"Error 1062 (23000): Duplicate entry '17' for key 'users.email'",
		"Error 1062 (23000): Duplicate entry 'it''s' for key 'users.email'",
	}, {
		"open /var/data/2026/11/23/report-0017.csv: no such file or directory",
		"open /var/data/2026/11/24/report-0018.csv: no such file or directory",
	}, {
		"panic: runtime error: index out of range [5] with length 3\n\ngoroutine 17 [running]:\nmain.a()",
		"panic: runtime error: index out of range [12] with length 4\n\ngoroutine 99 [running]:\nmain.b()",
	}, {
		"panic: runtime error: invalid memory address or nil pointer dereference\n/a.go:7",
		"panic: runtime error: invalid memory address or nil pointer dereference\n/b.go:99 +0x1f",
	}, {
		"unexpected fault address 0xc000012345",
		"unexpected fault address 0xdeadbeef",
	}, {
		"commit deadbeefcafe is not on the branch",
		"commit 0a1b2c3d4e5f is not on the branch",
	}, {
		"token expired at 2026-11-23T03:27:09.123Z",
		"token expired at 2026-11-24T04:28:10+02:00",
	}, {
		"took 1.5s, more than 1s", "took 12m3.25s, more than 10m0s",
	}, {
		"cannot find ids 1, 2, 3", "cannot find ids 1, 2, 3, 4, 5, 6",
	}, {
		"invalid character 'x' looking for beginning of value",
		"invalid character '}' looking for beginning of value",
	}, {
		"  answered 500\r\nmore", "answered 503\n",
	}, {
		`strconv.Atoi: parsing "12a": invalid syntax`, `strconv.Atoi: parsing "a \" b": invalid syntax`,
	},
}

func TestOf_IsTheSameForTheSameError(t *testing.T) {
	t.Parallel()
	for _, messages := range same {
		for _, message := range messages[1:] {
			if Of(message) != Of(messages[0]) {
				t.Errorf("%q became %q, %q became %q", messages[0], normal(messages[0]), message, normal(message))
			}
		}
	}
}

func TestOf_TellsErrorsApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, message := range []string{
		"", "boom", "Boom", "connection refused", "connection reset by peer", "context deadline exceeded", "context canceled",
		"the user isn't there and the mail isn't either", "the user isn't there and the order isn't either",
		"panic: assignment to entry in nil map", "é is missing", "è is missing", "no decade in it", "no facade in it",
	} {
		if other, twice := seen[Of(message)]; twice {
			t.Errorf("%q and %q are one", message, other)
		}
		seen[Of(message)] = message
	}
	for _, messages := range same {
		message := messages[0]
		if other, twice := seen[Of(message)]; twice {
			t.Errorf("%q and %q are one", message, other)
		}
		seen[Of(message)] = message
	}
}

func TestNormal_LeavesTheWords(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"dial tcp 10.0.0.7:6379: connect: connection refused": "dial tcp #: connect: connection refused",
		`job "a" of 7`:          "job ? of #",
		"a  \t b":               "a b",
		"it's the user's fault": "it's the user's fault",
		"\n\n  late\nstack":     "late",
		"v2 of utf8":            "# of #",
		"1, 2, 3 are left":      "# are left",
		"bad \xff\xfe bytes":    "bad bytes",
	} {
		if got := normal(message); got != want {
			t.Errorf("%q became %q, want %q", message, got, want)
		}
	}
}

func TestOf_LooksAtTheBeginningOnly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 1000)
	if Of(long+"a") != Of(long+"b") {
		t.Error("the end of a long line counts")
	}
}

var form = regexp.MustCompile(`^[0-9a-f]{12}$`)

func FuzzOf(f *testing.F) {
	for _, messages := range same {
		f.Add(messages[0])
	}
	for _, message := range []string{"", "'", `"\`, "#", "#.", "\xff", "a-bcde-", "1-abcd"} {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		got := Of(message)
		if !form.MatchString(got) || got != Of(message) {
			t.Errorf("%q became %q", message, got)
		}
		line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
		if Of(line+"\n"+message) != Of(line) && strings.TrimSpace(line) != "" {
			t.Errorf("what stands below %q counts", line)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for name, message := range map[string]string{
		"short": same[0][0], "url": same[3][0], "long": strings.Repeat(same[4][0]+" ", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Of(message)
			}
		})
	}
}
