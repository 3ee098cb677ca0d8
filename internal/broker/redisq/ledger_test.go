package redisq

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Answers go after a day, whether they are complete or not.
func TestLedger_KeysHaveATTL(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := answerKey("k")
	reservation, err := r.Reserve(t.Context(), "k", "f", time.Minute)
	r.must(err)
	wantDay := func(what string) {
		t.Helper()
		if ttl := r.client.PTTL(t.Context(), key).Val(); ttl > keepAnswers || ttl < keepAnswers-time.Minute {
			t.Errorf("%s: the TTL is %v", what, ttl)
		}
	}
	wantDay("reserved")
	r.must(r.client.Expire(t.Context(), key, time.Minute).Err())
	r.must(r.Complete(t.Context(), "k", reservation.Owner, []byte("x")))
	wantDay("complete")
	if len(key) != len(keyAnswer)+64 {
		t.Errorf("the key is %s", key)
	}
}

func TestReplay_ReservationIsTheOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	reservation, err := r.Reserve(t.Context(), "k", "f", time.Minute)
	r.must(err)
	if again := r.resend(s, "reserve"); again[0] != statusOK || again[2] != reservation.Base {
		t.Errorf("the owner, asking again, was answered %v", again)
	}
	r.must(r.Complete(t.Context(), "k", reservation.Owner, []byte("x")))
	r.unchanged("completed again", func() {
		if again := r.resend(s, "answer"); again[0] != statusOK {
			t.Errorf("answered %v", again)
		}
	})
	reservation, err = r.Reserve(t.Context(), "other", "f", time.Minute)
	r.must(err)
	r.must(r.Release(t.Context(), "other", reservation.Owner))
	r.unchanged("released again", func() {
		if again := r.resend(s, "answer"); again[0] != statusOK {
			t.Errorf("answered %v", again)
		}
	})
	reservation, err = r.Reserve(t.Context(), "gone", "f", time.Minute)
	r.must(err)
	r.must(r.Forget(t.Context(), "gone", reservation.Owner))
	if n := r.client.Exists(t.Context(), answerKey("gone")).Val(); n != 0 {
		t.Error("a forgotten key is still there")
	}
	r.unchanged("forgotten again", func() {
		if again := r.resend(s, "answer"); again[0] != statusOK {
			t.Errorf("answered %v", again)
		}
	})
	// A release that comes late does not take the key from the next owner.
	reservation, err = r.Reserve(t.Context(), "other", "f", time.Minute)
	r.must(err)
	r.must(r.Release(t.Context(), "other", reservation.Owner))
	_, err = r.Reserve(t.Context(), "other", "f", time.Minute)
	r.must(err)
	r.unchanged("a straggler", func() {
		if again := r.resend(s, "answer"); again[0] != statusFenced {
			t.Errorf("answered %v", again)
		}
	})
}

// What was begun is finished while Redis is full; nothing new is begun.
func TestFullMemory_LedgerFinishesWhatWasBegun(t *testing.T) {
	t.Parallel()
	var kept, dropped, forgotten broker.Reservation
	r := newFullRig(t, func(r *rig) {
		var err error
		kept, err = r.Reserve(r.Context(), "kept", "f", time.Minute)
		r.must(err)
		dropped, err = r.Reserve(r.Context(), "dropped", "f", time.Minute)
		r.must(err)
		forgotten, err = r.Reserve(r.Context(), "forgotten", "f", time.Minute)
		r.must(err)
	})
	r.must(r.Renew(t.Context(), "kept", kept.Owner, time.Minute))
	r.must(r.Complete(t.Context(), "kept", kept.Owner, []byte("x")))
	r.must(r.Release(t.Context(), "dropped", dropped.Owner))
	r.must(r.Forget(t.Context(), "forgotten", forgotten.Owner))
	again, err := r.Reserve(t.Context(), "kept", "f", time.Minute)
	r.must(err)
	if string(again.Answer) != "x" {
		t.Errorf("kept %+v", again)
	}
	r.unchanged("a new key", func() {
		if _, err := r.Reserve(t.Context(), "new", "f", time.Minute); !errors.Is(err, zeroq.ErrStoreFull) {
			t.Errorf("a new key: %v", err)
		}
	})
}

func TestLedger_KeyOfAnotherType(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(r.client.Set(t.Context(), answerKey("k"), "foo", 0).Err())
	if _, err := r.Reserve(t.Context(), "k", "f", time.Minute); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("answered %v", err)
	}
}
