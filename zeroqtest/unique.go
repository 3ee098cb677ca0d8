package zeroqtest

import (
	"time"

	"github.com/zeroq-dev/zeroq"
)

// locks are the unique keys that are held.
type locks map[lockKey]lock

type lockKey struct{ queue, key string }

// lock is who holds a unique key.
type lock struct {
	holder *entry
	mode   zeroq.UniqueMode
	until  time.Time // for zeroq.ForTime
}

// holds reports whether the lock keeps others away.
func (l lock) holds(now time.Time) bool {
	switch l.mode {
	case zeroq.ForTime:
		return now.Before(l.until)
	case zeroq.Debounce:
		return l.holder.state == zeroq.Scheduled
	default:
		return true
	}
}

// find returns who holds the task's unique key; nil if nobody does.
func (l locks) find(t *zeroq.Task, now time.Time) (held lock, ok bool) {
	if t.Unique == nil {
		return lock{}, false
	}
	held, ok = l[lockKey{t.Queue, t.Unique.Key}]
	return held, ok && held.holds(now)
}

// take makes the entry the holder of its task's unique key.
func (l locks) take(e *entry, now time.Time) {
	if u := e.task.Unique; u != nil {
		l[lockKey{e.task.Queue, u.Key}] = lock{holder: e, mode: u.Mode, until: now.Add(u.For)}
	}
}

// free lets go of the entry's unique key, if it holds it and its mode is one of those given.
func (l locks) free(e *entry, modes ...zeroq.UniqueMode) {
	if e.task.Unique == nil {
		return
	}
	key := lockKey{e.task.Queue, e.task.Unique.Key}
	held, ok := l[key]
	if !ok || held.holder != e {
		return
	}
	for _, mode := range modes {
		if held.mode == mode {
			delete(l, key)
		}
	}
}

// The modes whose key is freed when the task has finished, and when it is cancelled.
var (
	freedByEnd    = []zeroq.UniqueMode{zeroq.UntilStarted, zeroq.UntilFinished, zeroq.Debounce}
	freedByCancel = append(freedByEnd[:len(freedByEnd):len(freedByEnd)], zeroq.ForTime)
)
