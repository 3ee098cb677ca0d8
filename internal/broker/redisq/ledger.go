package redisq

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// keepAnswers is how long the answer of an idempotency key is kept, and how long a request that was
// begun and not answered keeps the ids of its tasks.
const keepAnswers = 24 * time.Hour

// Reserve implements [broker.Ledger].
func (b *Broker) Reserve(ctx context.Context, key, fingerprint string, lease time.Duration) (broker.Reservation, error) {
	owner, base := rand.Text(), "i-"+rand.Text()
	answer, err := b.run(ctx, b.calls, scriptReserve, []string{answerKey(key)},
		fingerprint, owner, base, lease.Milliseconds(), keepAnswers.Milliseconds())
	if err != nil {
		return broker.Reservation{}, err
	}
	switch answer.status {
	case statusOK:
		return broker.Reservation{Owner: owner, Base: answer.text(0)}, nil
	case statusAnswered:
		return broker.Reservation{Answer: []byte(answer.text(0))}, nil
	case statusHeld:
		return broker.Reservation{Busy: true}, nil
	case statusOther:
		return broker.Reservation{Other: true}, nil
	default:
		return broker.Reservation{}, fmt.Errorf("reserve answered %s", answer.status)
	}
}

// Renew implements [broker.Ledger].
func (b *Broker) Renew(ctx context.Context, key, owner string, lease time.Duration) error {
	return b.answer(ctx, key, owner, "hold", lease.Milliseconds())
}

// Complete implements [broker.Ledger].
func (b *Broker) Complete(ctx context.Context, key, owner string, answer []byte) error {
	return b.answer(ctx, key, owner, "keep", answer, keepAnswers.Milliseconds())
}

// Release implements [broker.Ledger].
func (b *Broker) Release(ctx context.Context, key, owner string) error {
	return b.answer(ctx, key, owner, "drop")
}

// Forget implements [broker.Ledger].
func (b *Broker) Forget(ctx context.Context, key, owner string) error {
	return b.answer(ctx, key, owner, "forget")
}

func (b *Broker) answer(ctx context.Context, key, owner, verb string, args ...any) error {
	answer, err := b.run(ctx, b.calls, scriptAnswer, []string{answerKey(key)}, append([]any{owner, verb}, args...)...)
	if err != nil {
		return err
	}
	if answer.status == statusFenced {
		return zeroq.ErrLeaseLost
	}
	return nil
}

// answerKey is where the answer of an idempotency key is. Clients choose keys, so it is hashed.
func answerKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return keyAnswer + hex.EncodeToString(sum[:])
}
