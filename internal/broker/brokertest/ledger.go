package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// answers are the tests of the ledger.
var answers = suite{
	"Ledger_KeepsTheAnswer":    ledgerKeeps,
	"Ledger_OneOwnerAtATime":   ledgerOwner,
	"Ledger_ReleasedKeyIsFree": ledgerRelease,
}

// reserve reserves the key "k".
func (r *rig) reserve(fingerprint string, lease time.Duration) broker.Reservation {
	r.t.Helper()
	reservation, err := r.Broker.Reserve(r.ctx, "k", fingerprint, lease)
	r.must(err)
	return reservation
}

func ledgerKeeps(t *testing.T, r *rig) {
	first := r.reserve("f", time.Minute)
	if first.Owner == "" || !zeroq.ValidID(first.Base+".999999999") || first.Busy || first.Other || first.Answer != nil {
		t.Fatalf("reserved %+v", first)
	}
	answer := "{\"a\":1}\n\x00\xff"
	r.must(r.Broker.Complete(r.ctx, "k", first.Owner, []byte(answer)))
	again := r.reserve("f", time.Minute)
	if string(again.Answer) != answer || again.Owner != "" || again.Busy || again.Other {
		t.Errorf("kept %+v", again)
	}
	if other := r.reserve("g", time.Minute); !other.Other || other.Answer != nil || other.Owner != "" {
		t.Errorf("another request: %+v", other)
	}
	elsewhere, err := r.Broker.Reserve(r.ctx, "other key", "f", time.Minute)
	r.must(err)
	if elsewhere.Owner == "" || elsewhere.Base == first.Base {
		t.Errorf("another key: %+v", elsewhere)
	}
	// An answer is final.
	r.must(r.Broker.Release(r.ctx, "k", first.Owner))
	r.must(r.Broker.Complete(r.ctx, "k", first.Owner, []byte("late")))
	if again := r.reserve("f", time.Minute); string(again.Answer) != answer {
		t.Errorf("now it is %+v", again)
	}
}

func ledgerOwner(t *testing.T, r *rig) {
	first := r.reserve("f", testLease)
	if busy := r.reserve("f", testLease); !busy.Busy || busy.Owner != "" || busy.Base != "" {
		t.Errorf("while it is held: %+v", busy)
	}
	if other := r.reserve("g", testLease); !other.Other || other.Busy {
		t.Errorf("another request: %+v", other)
	}
	r.must(r.Broker.Renew(r.ctx, "k", first.Owner, 2*testLease))
	var second broker.Reservation
	r.until("the lease is over", func() bool {
		second = r.reserve("f", time.Minute)
		return !second.Busy
	})
	if second.Owner == "" || second.Owner == first.Owner || second.Base != first.Base {
		t.Errorf("begun again as %+v, at first %+v", second, first)
	}
	for name, err := range map[string]error{
		"renew":    r.Broker.Renew(r.ctx, "k", first.Owner, time.Minute),
		"complete": r.Broker.Complete(r.ctx, "k", first.Owner, []byte("zombie")),
		"release":  r.Broker.Release(r.ctx, "k", first.Owner),
		"nobody's": r.Broker.Renew(r.ctx, "unknown", first.Owner, time.Minute),
	} {
		if !errors.Is(err, zeroq.ErrLeaseLost) {
			t.Errorf("%s by the first owner: %v", name, err)
		}
	}
	r.must(r.Broker.Complete(r.ctx, "k", second.Owner, []byte("second")))
	if again := r.reserve("f", time.Minute); string(again.Answer) != "second" {
		t.Errorf("kept %+v", again)
	}
}

func ledgerRelease(t *testing.T, r *rig) {
	first := r.reserve("f", time.Minute)
	r.must(r.Broker.Release(r.ctx, "k", first.Owner))
	second := r.reserve("f", time.Minute)
	if second.Owner == "" || second.Base != first.Base {
		t.Errorf("the same request got %+v, at first %+v", second, first)
	}
	r.must(r.Broker.Release(r.ctx, "k", second.Owner))
	third := r.reserve("g", time.Minute)
	if third.Owner == "" || third.Base == first.Base {
		t.Errorf("another request got %+v", third)
	}
	r.must(r.Broker.Forget(r.ctx, "k", third.Owner))
	fourth := r.reserve("g", time.Minute)
	if fourth.Owner == "" || fourth.Base == third.Base {
		t.Errorf("once forgotten the request got %+v, before %+v", fourth, third)
	}
	if err := r.Broker.Forget(r.ctx, "k", third.Owner); !errors.Is(err, zeroq.ErrLeaseLost) {
		t.Errorf("forgotten by the owner before: %v", err)
	}
}
