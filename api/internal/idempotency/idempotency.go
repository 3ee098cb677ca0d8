// Package idempotency makes POSTs safe to send again: the answer of one with an Idempotency-Key is
// kept, and given again to whoever sends the same request under the same key.
package idempotency

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/zeromicro/go-zero/core/logc"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// The headers.
const (
	Header   = "Idempotency-Key"
	Replayed = "Idempotent-Replayed"
)

const (
	// lease is how long a process may be silent before others may begin its request again.
	lease = 60 * time.Second
	// renewEvery leaves room for two renewals that fail.
	renewEvery = lease / 3
)

// New returns next with its POSTs made safe to send again. timeout bounds how long the ledger may
// take each time.
func New(next http.Handler, ledger broker.Ledger, timeout time.Duration) http.Handler {
	return &keeper{next: next, ledger: ledger, timeout: timeout}
}

type keeper struct {
	next    http.Handler
	ledger  broker.Ledger
	timeout time.Duration
}

// ServeHTTP answers one request.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, has := r.Header[Header]; !has || r.Method != http.MethodPost {
		k.next.ServeHTTP(w, r)
		return
	}
	key, fingerprint, err := identify(w, r)
	if err != nil {
		answer.Error(w, r, err)
		return
	}
	reservation, err := k.reserve(r.Context(), key, fingerprint)
	switch {
	case err != nil:
		answer.Error(w, r, err)
	case reservation.Other:
		answer.Problem(w, problem.ReusedKey())
	case reservation.Busy:
		answer.Problem(w, problem.InProgressNow())
	case reservation.Owner == "":
		replay(w, r, reservation.Answer)
	default:
		k.begin(w, r, key, reservation)
	}
}

func (k *keeper) reserve(ctx context.Context, key, fingerprint string) (broker.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	return k.ledger.Reserve(ctx, key, fingerprint, lease)
}

// begin has the request answered, and keeps the answer, or lets go of the key, before the client gets
// the answer and can send the request again.
func (k *keeper) begin(w http.ResponseWriter, r *http.Request, key string, reservation broker.Reservation) {
	recorder := newRecorder(w)
	settled := false
	defer func() {
		if !settled { // next panicked
			k.release(r.Context(), key, reservation.Owner)
		}
	}()
	stop := k.hold(r.Context(), key, reservation.Owner)
	defer stop()
	b := &beginning{base: reservation.Base}
	k.next.ServeHTTP(recorder, r.WithContext(withBeginning(r.Context(), b)))
	stop()
	settled = true
	switch {
	case recorder.final() && !b.partial.Load():
		k.complete(r.Context(), key, reservation.Owner, recorder)
	case recorder.refused():
		k.forget(r.Context(), key, reservation.Owner)
	default:
		k.release(r.Context(), key, reservation.Owner)
	}
	recorder.send()
}

// hold renews the reservation until stop is called, which may be more than once.
func (k *keeper) hold(ctx context.Context, key, owner string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(renewEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			k.do(ctx, "renew", func(ctx context.Context) error { return k.ledger.Renew(ctx, key, owner, lease) })
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (k *keeper) complete(ctx context.Context, key, owner string, recorder *recorder) {
	k.do(context.WithoutCancel(ctx), "complete", func(ctx context.Context) error {
		kept, err := recorder.marshal()
		if err != nil {
			return err
		}
		return k.ledger.Complete(ctx, key, owner, kept)
	})
}

func (k *keeper) release(ctx context.Context, key, owner string) {
	k.do(context.WithoutCancel(ctx), "release", func(ctx context.Context) error {
		return k.ledger.Release(ctx, key, owner)
	})
}

func (k *keeper) forget(ctx context.Context, key, owner string) {
	k.do(context.WithoutCancel(ctx), "forget", func(ctx context.Context) error {
		return k.ledger.Forget(ctx, key, owner)
	})
}

// do logs what fails: the request goes on, and a client that sends it again waits for the lease.
func (k *keeper) do(ctx context.Context, what string, call func(ctx context.Context) error) {
	bounded, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	err := call(bounded)
	if err != nil && ctx.Err() == nil && !errors.Is(err, zeroq.ErrLeaseLost) { // another does it now
		logc.Errorf(ctx, "%s: %s: %v", Header, what, err)
	}
}
