package redisq

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Records begin with one of these marks; scripts read no further, but for the time after markDone.
const (
	markLive    = '.' // where the task is says which state it is in
	markDone    = 'S' // succeeded; then, until '{', when to forget it in ms
	markDead    = 'D'
	markExpired = 'X'

	markCancelled = 'C'
)

// record is what is kept of a task beside its message. Its names are short, as there is one for
// each task. Times are in ms.
type record struct {
	mark     byte
	forgetAt int64

	Nonce       string          `json:"n,omitempty"` // scripts look for it here, before all that users wrote
	Type        string          `json:"t,omitempty"`
	EnqueuedAt  int64           `json:"e,omitempty"`
	MaxAttempts int             `json:"m,omitempty"` // 0: the default
	Attempt     int             `json:"a,omitempty"`
	Again       int             `json:"z,omitempty"` // 1: the attempt of that number runs again
	StartedAt   int64           `json:"s,omitempty"`
	FinishedAt  int64           `json:"f,omitempty"`
	Worker      string          `json:"w,omitempty"`
	Result      json.RawMessage `json:"r,omitempty"`
	Errors      json.RawMessage `json:"x,omitempty"`
	Progress    json.RawMessage `json:"p,omitempty"`
	Lock        string          `json:"u,omitempty"` // of a unique key: a letter for the mode, and the hash
	Retention   int64           `json:"k,omitempty"` // 0: the default
	Fingerprint string          `json:"g,omitempty"` // of a dead letter's error
}

func newRecord(mark byte, t *zeroq.Task) record {
	r := record{mark: mark, Type: t.Type, EnqueuedAt: t.EnqueuedAt.UnixMilli()}
	if t.MaxAttempts != zeroq.DefaultMaxAttempts {
		r.MaxAttempts = t.MaxAttempts
	}
	if t.Retention != zeroq.DefaultRetention {
		r.Retention = t.Retention.Milliseconds()
	}
	if t.Unique != nil {
		r.Lock = lockOf(t.Unique)
	}
	return r
}

// lockOf is what a record has of a unique key: the letter that stands for its mode, and a hash of it.
func lockOf(u *zeroq.Unique) string {
	sum := sha256.Sum256([]byte(u.Key))
	return modeLetters[u.Mode] + hex.EncodeToString(sum[:16])
}

// modeLetters stand for modes in records and locks.
var modeLetters = map[zeroq.UniqueMode]string{
	zeroq.UntilStarted: "s", zeroq.UntilFinished: "f", zeroq.ForTime: "t", zeroq.Debounce: "d",
}

func decodeRecord(text string) (record, error) {
	if text == "" {
		return record{mark: markLive}, nil
	}
	r := record{mark: text[0]}
	body := text[1:]
	for i := range body {
		if body[i] == '{' {
			r.forgetAt, _ = strconv.ParseInt(body[:i], 10, 64) // empty for all but markDone
			body = body[i:]
			break
		}
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return r, fmt.Errorf("record: %w", err)
	}
	return r, nil
}

// fill copies what the record knows into a task's description.
func (r record) fill(info *zeroq.TaskInfo) error {
	info.Type = r.Type
	info.Attempt, info.MaxAttempts = r.Attempt, r.MaxAttempts
	if r.MaxAttempts == 0 {
		info.MaxAttempts = zeroq.DefaultMaxAttempts
	}
	info.Worker, info.Result, info.Progress = r.Worker, r.Result, r.Progress
	info.Fingerprint = r.Fingerprint
	info.EnqueuedAt, info.StartedAt, info.FinishedAt = millis(r.EnqueuedAt), millis(r.StartedAt), millis(r.FinishedAt)
	if len(r.Errors) > 0 {
		errs, err := wire.DecodeErrors(r.Errors)
		if err != nil {
			return fmt.Errorf("record: %w", err)
		}
		info.Errors = errs
	}
	return nil
}

func millis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return fromMillis(ms)
}

func toMillis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}
