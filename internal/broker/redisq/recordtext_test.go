package redisq

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
)

// reflected is a record as encoding/json writes it.
func reflected(r record) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func TestRecord_IsWhatEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	for _, r := range []record{
		{mark: markLive},
		{mark: markLive, Type: "echo", EnqueuedAt: 1893585600000},
		{mark: markDead, Nonce: "ABC", Type: "a\"\\\x00\n\u2028\u00e9\xff<&>", EnqueuedAt: -1, MaxAttempts: 1, Attempt: 2, Again: 1, StartedAt: 3,
			FinishedAt: math.MaxInt64, Worker: "w\t<1>", Result: json.RawMessage(" {\"a\" : [1, \"b c<\"]}\n"), Errors: json.RawMessage(`[]`),
			Progress: json.RawMessage(`"\u003c<"`), Lock: "f00", Retention: 60000, Fingerprint: "00"},
	} {
		if got, want := r.encode(), string(r.mark)+reflected(r); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	done := record{mark: markDone, forgetAt: 42, Type: "echo"}
	if got, want := done.encode(), `S42{"t":"echo"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzRecord_ReadsBack(f *testing.F) {
	f.Add("echo", "w", "{\"a\": 1}", int64(1), int64(0), 3)
	f.Add("\u2028\"\\", "\xff<>&", " [ ] ", int64(-1), int64(math.MinInt64), 0)
	f.Fuzz(func(t *testing.T, typ, worker, result string, enqueued, finished int64, attempt int) {
		r := record{mark: markDead, Type: typ, Worker: worker, EnqueuedAt: enqueued, FinishedAt: finished, Attempt: attempt}
		if json.Valid([]byte(result)) {
			r.Result = json.RawMessage(result)
		}
		text := r.encode()
		if want := string(r.mark) + reflected(r); text != want {
			t.Fatalf("\n got %s\nwant %s", text, want)
		}
		got, err := decodeRecord(text)
		if err != nil {
			t.Fatal(err)
		}
		if got.EnqueuedAt != enqueued || got.FinishedAt != finished || got.Attempt != attempt || utf8.ValidString(typ) && got.Type != typ {
			t.Fatalf("%s reads back as %+v", text, got)
		}
	})
}

func BenchmarkRecordText(b *testing.B) {
	task := zeroq.NewTask("echo", nil)
	task.SetDefaults()
	r := newRecord(markLive, task)
	text := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		text = r.append(text[:0])
	}
}
