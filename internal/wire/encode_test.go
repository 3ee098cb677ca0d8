package wire

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// admitted is a task as a broker hands it to Encode.
func admitted(options ...zeroq.Option) *zeroq.Task {
	task := zeroq.NewTask("echo", map[string]int{"n": 1}, options...)
	task.ID, task.EnqueuedAt = "q~0~0000000001", noon
	task.SetDefaults()
	return task
}

const head = `{"id":"q~0~0000000001","enqueued_at":"2030-01-02T12:00:00.000Z",`

func TestEncode_WritesTheseBytes(t *testing.T) {
	t.Parallel()
	waiting, again, urgent := admitted(), admitted(), admitted(zeroq.Prioritized(zeroq.High))
	waiting.RunAt, urgent.RunAt = later, later
	again.Attempt = 2
	raw := admitted()
	raw.Data = json.RawMessage(" [ 1,\n\"<&>\", 1e400 ] ")
	for name, test := range map[string]struct {
		task *zeroq.Task
		want string
	}{
		"defaults are left out": {admitted(), `"type":"echo","data":{"n":1}}`},
		"the time comes third":  {waiting, `"run_at":"2030-01-02T13:30:00.000Z","type":"echo","data":{"n":1}}`},
		"a priority before it":  {urgent, `"priority":"high","run_at":"2030-01-02T13:30:00.000Z","type":"echo","data":{"n":1}}`},
		"a second attempt":      {again, `"type":"echo","attempt":2,"data":{"n":1}}`},
		"data byte for byte":    {raw, "\"type\":\"echo\",\"data\": [ 1,\n\"<&>\", 1e400 ] }"},
		"everything": {
			admitted(zeroq.MaxAttempts(3), zeroq.Timeout(90*time.Second), zeroq.Deadline(later), zeroq.ExpiresAt(later.Add(time.Second)),
				zeroq.Retention(36*time.Hour), zeroq.UniqueFor("a \"key\"", 10*time.Minute), zeroq.Header("b", "2"), zeroq.Header("a", "1")),
			`"type":"echo","max_attempts":3,"timeout":"1m30s","deadline":"2030-01-02T13:30:00.000Z",` +
				`"expires_at":"2030-01-02T13:30:01.000Z","retention":"36h0m0s","unique":{"key":"a \"key\"","mode":"for","for":"10m0s"},"headers":{"a":"1","b":"2"},"data":{"n":1}}`,
		},
	} {
		if got := string(Encode(test.task)); got != head+test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, head+test.want)
		}
	}
}

func TestEncode_AnyTaskReadsBack(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range 2000 {
		task := randomTask(rng)
		if err := task.Validate(noon); err != nil {
			t.Fatalf("seed %d, task %d cannot be enqueued: %v", seed, n, err)
		}
		raw := Encode(task)
		got, err := Decode(raw)
		if err != nil {
			t.Fatalf("seed %d, task %d: %v\n%s", seed, n, err, raw)
		}
		want := *task
		want.ID, want.Queue = got.ID, "" // an id of ours is no id that Validate lets a producer choose
		if !reflect.DeepEqual(*got, want) || got.ID != task.ID {
			t.Fatalf("seed %d, task %d:\n got %+v\nwant %+v\n%s", seed, n, *got, want, raw)
		}
	}
}

// randomTask makes a task that is valid at noon and has its defaults.
func randomTask(rng *rand.Rand) *zeroq.Task {
	sometimes := func(do func()) {
		if rng.IntN(2) == 0 {
			do()
		}
	}
	at := func() time.Time { return noon.Add(2 * time.Hour).Add(time.Duration(rng.IntN(1e9)) * time.Millisecond) }
	task := &zeroq.Task{Type: "a.b:c/d-" + fmt.Sprint(rng.IntN(100)), Data: json.RawMessage(randomJSON(rng, 5)), EnqueuedAt: noon}
	task.ID = fmt.Sprintf("chosen-%d", rng.Uint32())
	sometimes(func() { task.RunAt = later })
	sometimes(func() { task.Attempt = 1 + rng.IntN(100) })
	sometimes(func() { task.MaxAttempts = 1 + rng.IntN(zeroq.MaxMaxAttempts) })
	sometimes(func() {
		task.Timeout = zeroq.MinTimeout + time.Duration(rng.Int64N(int64(zeroq.MaxTimeout-zeroq.MinTimeout)))
	})
	sometimes(func() { task.Retention = 1 + time.Duration(rng.Int64N(int64(zeroq.MaxRetention))) })
	sometimes(func() { task.Deadline = at() })
	sometimes(func() { task.ExpiresAt = at() })
	sometimes(func() {
		task.Headers = map[string]string{}
		for range 1 + rng.IntN(zeroq.MaxHeaders) {
			task.Headers["h"+randomText(rng)] = randomText(rng)
		}
	})
	task.Priority = zeroq.Priorities[rng.IntN(3)]
	sometimes(func() {
		task.Unique = &zeroq.Unique{Key: "k" + randomText(rng), Mode: zeroq.UntilStarted}
		sometimes(func() {
			task.Unique.Mode, task.Unique.For = zeroq.ForTime, zeroq.MinTimeout+time.Duration(rng.Int64N(1e15))
		})
	})
	task.SetDefaults()
	return task
}

// randomText has quotes, controls, HTML and several scripts in it.
func randomText(rng *rand.Rand) string {
	alphabet := []rune("ab\"\\/<>&\x00\n\u2028\u00e9\u4e16\U0001f600}]{[,:")
	var b strings.Builder
	for range rng.IntN(8) {
		b.WriteRune(alphabet[rng.IntN(len(alphabet))])
	}
	return b.String()
}

// randomJSON is a value with spaces in odd places and at most depth levels.
func randomJSON(rng *rand.Rand, depth int) string {
	space := []string{"", " ", "\n", "\t "}[rng.IntN(4)]
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	switch rng.IntN(kinds) {
	case 0:
		return "null"
	case 1:
		return "true"
	case 2:
		return []string{"0", "-0", "9007199254740993", "12345678901234567890123", "1e400", "-1.50e-7"}[rng.IntN(6)]
	case 3:
		quoted, _ := json.Marshal(randomText(rng))
		return string(quoted)
	case 4:
		return `"\u003c\ud83d\ude00\/"`
	case 5:
		var items []string
		for range rng.IntN(4) {
			items = append(items, randomJSON(rng, depth-1))
		}
		return "[" + space + strings.Join(items, space+",") + space + "]"
	default:
		var items []string
		for i := range rng.IntN(4) {
			items = append(items, fmt.Sprintf(`"k%d"%s:%s%s`, i, space, space, randomJSON(rng, depth-1)))
		}
		return "{" + strings.Join(items, ","+space) + space + "}"
	}
}

func TestEncode_TimesAreWhatTheirLayoutSays(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		at := time.UnixMilli(rng.Int64N(2*253402300800000) - 253402300800000).Add(time.Duration(rng.IntN(1e6)))
		if got, want := FormatTime(at), at.UTC().Format(timeLayout); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestIsData_AgreesWithCheckData(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"", "null", `{"a":1,"a":2}`, `{"a":1} 2`, "{", "\"\xff\"", `"\ud800"`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1),
		"[" + strings.Repeat("{},", MaxDepth) + "1]", `"` + strings.Repeat("[", MaxDepth) + `"`,
	}
	for range 1000 {
		text := randomJSON(rng, 5)
		texts = append(texts, text, text[:rng.IntN(len(text))])
	}
	for _, text := range texts {
		if got, err := IsData([]byte(text)), CheckData([]byte(text)); got != (err == nil) {
			t.Errorf("%q: %v, but %v", text, got, err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	task := admitted()
	task.Data = fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 181))
	b.ReportAllocs()
	for b.Loop() {
		Encode(task)
	}
}
