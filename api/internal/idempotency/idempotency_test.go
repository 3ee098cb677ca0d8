package idempotency_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/idempotency"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// ledger notes what it is asked.
type ledger struct {
	renewed, completed, released, forgotten int
	lease                                   time.Duration
}

func (l *ledger) Reserve(_ context.Context, _, _ string, lease time.Duration) (broker.Reservation, error) {
	l.lease = lease
	return broker.Reservation{Owner: "o", Base: "b"}, nil
}

func (l *ledger) Renew(context.Context, string, string, time.Duration) error {
	l.renewed++
	return zeroq.ErrUnavailable // it is tried again
}

func (l *ledger) Complete(ctx context.Context, _, _ string, _ []byte) error {
	l.completed++
	return ctx.Err()
}

func (l *ledger) Release(ctx context.Context, _, _ string) error {
	l.released++
	return ctx.Err()
}

func (l *ledger) Forget(ctx context.Context, _, _ string) error {
	l.forgotten++
	return ctx.Err()
}

func post(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/tasks", strings.NewReader("{}"))
	r.Header.Set("Idempotency-Key", "k")
	return r
}

// A request that takes long is nobody else's, however long it takes, and renewed no more once it has
// ended.
func TestReservation_IsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		handler := idempotency.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3*l.lease + time.Second)
			w.WriteHeader(http.StatusNoContent)
		}), l, time.Second)
		handler.ServeHTTP(httptest.NewRecorder(), post(t.Context()))
		if l.lease != time.Minute || l.renewed != 9 || l.completed != 1 || l.released != 0 {
			t.Errorf("got %+v", l)
		}
		time.Sleep(time.Hour)
		if l.renewed != 9 {
			t.Errorf("renewed %d times", l.renewed)
		}
	})
}

// What was done is kept though its client has gone; what was not done is let go of, and forgotten where
// nothing can be in.
func TestReservation_EndsByTheAnswer(t *testing.T) {
	for status, want := range map[int]ledger{
		202: {completed: 1}, 204: {completed: 1}, 409: {completed: 1}, 499: {released: 1}, 408: {released: 1}, 500: {released: 1},
		503: {released: 1}, 400: {forgotten: 1}, 404: {forgotten: 1}, 429: {forgotten: 1},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		l := &ledger{}
		handler := idempotency.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			cancel()
			w.WriteHeader(status)
		}), l, time.Second)
		handler.ServeHTTP(httptest.NewRecorder(), post(ctx))
		if l.completed != want.completed || l.released != want.released || l.forgotten != want.forgotten {
			t.Errorf("%d: got %+v", status, l)
		}
	}
}

// A part that may or may not be done can be sent again under the same key.
func TestReservation_OfAPartIsReleased(t *testing.T) {
	for status, want := range map[int]ledger{
		499: {released: 1}, 500: {released: 1}, 503: {released: 1},
		400: {completed: 1}, 409: {completed: 1}, 413: {completed: 1}, 429: {completed: 1},
	} {
		l := &ledger{}
		handler := idempotency.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			idempotency.Refused(r.Context(), status)
			w.WriteHeader(http.StatusAccepted)
		}), l, time.Second)
		handler.ServeHTTP(httptest.NewRecorder(), post(t.Context()))
		if l.completed != want.completed || l.released != want.released || l.forgotten != 0 {
			t.Errorf("%d: got %+v", status, l)
		}
	}
}

func TestReservation_IsReleasedWhenTheHandlerPanics(t *testing.T) {
	l := &ledger{}
	handler := idempotency.New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), l, time.Second)
	defer func() {
		if value := recover(); value != http.ErrAbortHandler || l.released != 1 {
			t.Errorf("got %v, %+v", value, l)
		}
	}()
	handler.ServeHTTP(httptest.NewRecorder(), post(t.Context()))
}

// Only what an earlier beginning of the request put there is in.
func TestAccepted(t *testing.T) {
	task := &zeroq.Task{ID: "b.0"}
	for _, err := range []error{nil, zeroq.ErrDuplicateID, &zeroq.DuplicateError{TaskID: "b.0"}} {
		if got := idempotency.Accepted(task, err); got != nil {
			t.Errorf("%v became %v", err, got)
		}
	}
	for _, err := range []error{zeroq.ErrUnavailable, zeroq.ErrQueueFull, &zeroq.DuplicateError{TaskID: "another"}} {
		if got := idempotency.Accepted(task, err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// witness is a ledger that looks at what the client has of its answer when it is asked.
type witness struct {
	ledger
	client *httptest.ResponseRecorder
	early  bool
}

func (w *witness) look() { w.early = w.early || w.client.Body.Len() > 0 }

func (w *witness) Complete(ctx context.Context, key, owner string, kept []byte) error {
	w.look()
	return w.ledger.Complete(ctx, key, owner, kept)
}

func (w *witness) Release(ctx context.Context, key, owner string) error {
	w.look()
	return w.ledger.Release(ctx, key, owner)
}

func (w *witness) Forget(ctx context.Context, key, owner string) error {
	w.look()
	return w.ledger.Forget(ctx, key, owner)
}

// A client that sends its request again as soon as it is answered must not find itself at work on it.
func TestReservation_EndsBeforeTheClientHasItsAnswer(t *testing.T) {
	for _, status := range []int{202, 500, 400} {
		w := &witness{client: httptest.NewRecorder()}
		handler := idempotency.New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("{}"))
		}), w, time.Second)
		handler.ServeHTTP(w.client, post(t.Context()))
		if ended := w.completed + w.released + w.forgotten; w.early || ended != 1 || w.client.Body.String() != "{}" {
			t.Errorf("%d: answered before the reservation ended: %v; it ended %d times; the answer is %s",
				status, w.early, ended, w.client.Body)
		}
	}
}
