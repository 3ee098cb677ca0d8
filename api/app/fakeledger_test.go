package app_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// fakeLedger is a broker.Ledger in memory.
type fakeLedger struct {
	mu      sync.Mutex
	entries map[string]*entry
	bases   int
	// down is what Reserve answers; lost makes Complete and Release fail, as if the process had gone.
	down error
	lost bool
	// over makes all leases end.
	over bool
}

type entry struct {
	fingerprint, base, owner string
	answer                   []byte
}

// set changes the ledger.
func (l *fakeLedger) set(change func(*fakeLedger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *fakeLedger) Reserve(_ context.Context, key, fingerprint string, _ time.Duration) (broker.Reservation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return broker.Reservation{}, l.down
	}
	e := l.entries[key]
	if e == nil {
		e = &entry{}
		l.entries[key] = e
	}
	switch {
	case e.owner != "" && e.fingerprint != fingerprint:
		return broker.Reservation{Other: true}, nil
	case e.answer != nil:
		return broker.Reservation{Answer: e.answer}, nil
	case e.owner != "" && !l.over:
		return broker.Reservation{Busy: true}, nil
	}
	l.bases++
	e.owner = "owner" + strconv.Itoa(l.bases)
	if e.fingerprint != fingerprint {
		e.fingerprint, e.base = fingerprint, "i-"+strconv.Itoa(l.bases)
	}
	return broker.Reservation{Owner: e.owner, Base: e.base}, nil
}

func (l *fakeLedger) Renew(_ context.Context, key, owner string, _ time.Duration) error {
	return l.owned(key, owner, func(*entry) {})
}

func (l *fakeLedger) Complete(_ context.Context, key, owner string, answer []byte) error {
	return l.owned(key, owner, func(e *entry) { e.answer = answer })
}

func (l *fakeLedger) Release(_ context.Context, key, owner string) error {
	return l.owned(key, owner, func(e *entry) { e.owner = "" })
}

func (l *fakeLedger) Forget(_ context.Context, key, owner string) error {
	return l.owned(key, owner, func(*entry) { delete(l.entries, key) })
}

func (l *fakeLedger) owned(key, owner string, do func(*entry)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.lost:
		return zeroq.ErrUnavailable
	case l.entries[key] == nil || l.entries[key].owner != owner:
		return zeroq.ErrLeaseLost
	}
	do(l.entries[key])
	return nil
}
