package redisq

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// placeScript asks the scripts where records are.
var placeScript = redis.NewScript(source("prelude") + `
local key, slot = record_place(ARGV[1], ARGV[2])
return {key, slot and text(slot) or ''}`)

// tagOf is the part of a key that Redis Cluster makes its slot of.
func tagOf(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, ok := strings.Cut(rest, "}")
	if !ok || tag == "" {
		return key
	}
	return tag
}

// Whatever the id: the keys of a queue begin with its prefix and are in its slot, those of two queues are
// never the same, and Go and Lua agree on where a record is.
func FuzzKeys(f *testing.F) {
	for _, id := range []string{"", "x", "q~0~0000000001", "~0~0000000001", "q~0~vvvvvvvvvv", "q~1~0000000001", "q~0~000000000A", "}:seq", "{x}", "q\x00", "\xff", "q~0~0000000001~"} {
		f.Add("q", "mail", id)
		f.Add("mail", "mail-2", "mail"+id)
	}
	_, client := redistest.New(f)
	f.Fuzz(func(t *testing.T, queue, other, id string) {
		if zeroq.ValidateQueue(queue) != nil {
			return
		}
		keys := keysOf(queue)
		at := keys.place(id)
		answer, err := placeScript.Run(t.Context(), client, nil, keys.prefix, id).Slice()
		if err != nil || answer[0] != at.key || answer[1] != at.slot {
			t.Fatalf("the record of %q is at %q, for scripts at %q: %v", id, at, answer, err)
		}
		all := []string{at.key}
		for _, value := range reflect.ValueOf(keys).Fields() {
			all = append(all, value.String())
		}
		for _, key := range all {
			if !strings.HasPrefix(key, "zq:{"+queue+"}:") || tagOf(key) != queue {
				t.Fatalf("%q is a key of %s", key, queue)
			}
		}
		if zeroq.ValidateQueue(other) == nil && other != queue {
			if theirs := keysOf(other); strings.HasPrefix(theirs.prefix, keys.prefix) || theirs.place(id).key == at.key {
				t.Fatalf("%s and %s share keys", queue, other)
			}
		}
	})
}

// A cursor is one that a page of the list ended with, or is refused by its name; one that somebody made
// up well does no harm. Reading changes nothing.
func FuzzCursor(f *testing.F) {
	conf, client := redistest.New(f)
	for i := range zeroq.States {
		f.Add(uint8(i), "", "", "", "", uint8(0), int64(0), uint64(0), int16(0))
		f.Add(uint8(i), "bnVsbA", "x", "1e400", "w~1", uint8(1), int64(1)<<40, uint64(7), int16(9))
		f.Add(uint8(i), "!", "q~0~0000000001", "-inf", "\xff", uint8(9), int64(-1), ^uint64(0), int16(-1))
		f.Add(uint8(i), "e30", "mine-dead", "(5", "", uint8(3), int64(1)<<62, uint64(1)<<63, int16(1))
	}
	f.Fuzz(func(t *testing.T, state uint8, text, id, score, group string, shelf uint8, index int64, scan uint64, skip int16) {
		r := rigOn(t, conf, client)
		if client.Exists(t.Context(), keyQueues).Val() == 0 {
			r.each(zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Succeeded, zeroq.Scheduled, zeroq.Retry, zeroq.Leased, zeroq.Ready)
		}
		query := zeroq.TaskQuery{Queue: "q", State: zeroq.States[int(state)%len(zeroq.States)], Limit: 1 + int(shelf)%4}
		made := pageCursor{List: listOf(query), Shelf: int(shelf), Score: score, ID: id, Index: index, Group: group, Scan: scan, Skip: int(skip)}
		for _, cursor := range []string{text, made.encode()} {
			query.Cursor = cursor
			page, err := r.Tasks(t.Context(), query)
			if err != nil {
				r.wantField(err, "cursor")
				continue
			}
			if len(page.Tasks) > query.Limit || page.Next == cursor && cursor != "" && len(page.Tasks) > 0 {
				t.Errorf("%s: %d tasks, and on with %s", cursor, len(page.Tasks), page.Next)
			}
			query.Cursor = page.Next
			if _, err := r.Tasks(t.Context(), query); err != nil {
				t.Errorf("what a page ended with, %s, is refused: %v", page.Next, err)
			}
		}
	})
}

func (r *rig) wantField(err error, field string) {
	r.Helper()
	if wrong, ok := err.(*zeroq.FieldError); !ok || wrong.Field != field {
		r.Errorf("answered %s, want an error of %s", fmt.Sprint(err), field)
	}
}
