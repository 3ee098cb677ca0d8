package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// bases are what the corpus is made of: tasks that are right, and some that were never near it. SOON is an
// hour ahead.
var bases = []string{
	`{"type":"a"}`, `{"type":"a","data":{"n":9007199254740993,"l":[1,2.50,{"x":null}]}}`, `{"type":"a","data":"\ud83d\ude00 \u2028 <&>"}`,
	`{"type":"a","delay":"1h30m","max_attempts":3}`, `{"type":"a","run_at":"SOON","headers":{"a":"b","c":""}}`,
	`{"type":"a","timeout":"30s","retention":"2h","priority":"high"}`, `{"type":"a","unique":{"key":"k","mode":"for","for":"10m"}}`,
	`{"type":"a","unique":{"key":"other"},"priority":"low"}`, `{"type":"a","deadline":"2099-01-01T00:00:00Z","expires_at":"2099-01-01T00:00:00Z"}`, `{"type":1,"data":[]}`,
	` { "type" : "a" , "data" : [ [ ] , { } ] } `, `{"type":"a","queue":"default","data":true}`, `{"Type":"a","Data":{"order":7}}`,
	`{"type":"a","attempt":2,"errors":[{"attempt":1,"at":"2026-01-01T00:00:00Z","message":"x"}]}`, `{"type":"a","x_trace":[1],"data":-0.0}`,
	`[]`, `null`, `"type"`, `{}`, `<task type="a"/>`, "type=a&data=1", "\x1f\x8b\x08\x00", "\xff\xfe{\x00", "PING\r\n", `{"type":"a"}{"type":"b"}`,
}

// values are what does harm somewhere, in the place of any value.
var values = []string{
	`null`, `""`, `0`, `-1`, `1e400`, `9223372036854775808`, `1.0`, `true`, `[]`, `{}`, `"\u0000"`, `"\ud800"`, "\"\xff\"", `"a b"`, `"1 week"`, `"-1s"`, `"99999999h"`,
	`"2026-13-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`, `{"key":""}`, `{"key":"k","key":"k"}`, `{"a":1}`, `["a"]`, `NaN`, `'a'`, `01`,
	strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat(`{"a":`, 12_000) + "1" + strings.Repeat("}", 12_000),
	`"` + strings.Repeat("x", 5000) + `"`, `"{q}:ready"`, `"../../etc/passwd"`, `"a\nb"`, `"%s%n"`, `1000`, `1001`, `"24h"`, `"24h0m0.000000001s"`, `"urgent"`, `"mail~0~0000000001"`,
}

// corpusSize is more than the thousand that are asked for.
const corpusSize = 1500

// corpus is the same each time, but for the time: what stands in bases, with one to three things done to
// each.
func corpus(now time.Time) [][]byte {
	rng := rand.New(rand.NewPCG(4, 55))
	var all [][]byte
	for _, base := range bases {
		all = append(all, []byte(strings.ReplaceAll(base, "SOON", now.Add(time.Hour).UTC().Format(time.RFC3339))))
	}
	for _, name := range onTheList {
		for _, value := range values {
			if name != "type" {
				all = append(all, fmt.Appendf(nil, `{"type":"a",%q:%s}`, name, value))
			}
		}
	}
	for len(all) < corpusSize {
		raw := all[rng.IntN(len(bases))]
		for range 1 + rng.IntN(3) {
			raw = spoil(rng, raw)
		}
		all = append(all, raw)
	}
	return all
}

// spoil does one thing to a message.
func spoil(rng *rand.Rand, raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("x")
	}
	i := rng.IntN(len(raw))
	j := i + rng.IntN(len(raw)-i)
	part := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	switch rng.IntN(9) {
	case 0: // a byte is another
		raw = bytes.Clone(raw)
		raw[i] = byte(rng.IntN(256))
	case 1: // a bit falls over
		raw = bytes.Clone(raw)
		raw[i] ^= 1 << rng.IntN(8)
	case 2: // it is cut short
		return bytes.Clone(raw[:i])
	case 3: // a part is missing
		return part(raw[:i], raw[j:])
	case 4: // a part stands twice
		return part(raw[:j], raw[i:])
	case 5: // a sign stands where none may
		return part(raw[:i], []byte{`{}[]":,\ 0-eut`[rng.IntN(14)]}, raw[i:])
	case 6: // a value is another
		if colon := bytes.IndexByte(raw[i:], ':'); colon >= 0 {
			start := i + colon + 1
			end := start + max(0, bytes.IndexAny(raw[start:], ",}"))
			return part(raw[:start], []byte(values[rng.IntN(len(values))]), raw[end:])
		}
	case 7: // a member more
		return bytes.Replace(raw, []byte("{"), fmt.Appendf(nil, `{%q:%s,`, onTheList[rng.IntN(len(onTheList))], values[rng.IntN(len(values))]), 1)
	default: // capitals
		return part(raw[:i], bytes.ToUpper(raw[i:j]), raw[j:])
	}
	return raw
}

func TestCorpus_IsTheSameEachTimeAndHasBothKinds(t *testing.T) {
	t.Parallel()
	now := time.Now()
	first, second := corpus(now), corpus(now)
	good := map[bool]int{}
	for i, raw := range first {
		if !bytes.Equal(raw, second[i]) {
			t.Fatalf("%d is %q and %q", i, raw, second[i])
		}
		if (reference{http: true, now: now}).judge(raw).ok {
			good[true]++
		}
		if (reference{now: now}).judge(raw).ok {
			good[false]++
		}
	}
	for http, n := range good {
		if n < 50 || n > corpusSize-1000 {
			t.Errorf("over HTTP %v: %d of %d are good", http, n, len(first))
		}
	}
}
