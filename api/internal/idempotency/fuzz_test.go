package idempotency_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/idempotency"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// kept is a ledger of complete answers; nobody asks it twice at a time.
type kept struct {
	ledger
	fingerprints map[string]string
	answers      map[string][]byte
}

func (k *kept) Reserve(_ context.Context, key, fingerprint string, _ time.Duration) (broker.Reservation, error) {
	known, has := k.fingerprints[key]
	switch {
	case has && known != fingerprint:
		return broker.Reservation{Other: true}, nil
	case k.answers[key] != nil:
		return broker.Reservation{Answer: k.answers[key]}, nil
	}
	k.fingerprints[key] = fingerprint
	return broker.Reservation{Owner: "o", Base: "b"}, nil
}

func (k *kept) Complete(_ context.Context, key, _ string, answer []byte) error {
	k.answers[key] = answer
	return nil
}

// A key is 1 to 255 visible characters of ASCII. The same request under it has the same answer and is
// done once; any other request is refused.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"k", "", " ", "a b", "é", strings.Repeat("x", 255), strings.Repeat("x", 256), "\x7f", "~!", "a\n"} {
		f.Add(key, "/v1/tasks", `{"type":"a"}`, `{"type":"b"}`)
	}
	f.Add("k", "/v1/tasks\n", "", "\n")
	f.Add("k", "/v1/tasks/batch", "x\ny", "y")
	f.Fuzz(func(t *testing.T, key, path, body, other string) {
		done := 0
		handler := idempotency.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			done++
			sent, err := io.ReadAll(r.Body)
			if err != nil || r.ContentLength != int64(len(sent)) {
				t.Errorf("read %q of %d: %v", sent, r.ContentLength, err)
			}
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, "%d %q", done, sent)
		}), &kept{fingerprints: map[string]string{}, answers: map[string][]byte{}}, time.Second)
		send := func(path, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
			r.URL.Path, r.Header[idempotency.Header] = path, []string{key}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, r)
			return answer
		}
		first := send(path, body)
		if !visible(key) {
			if first.Code != http.StatusBadRequest || done > 0 || !strings.Contains(first.Body.String(), idempotency.Header) {
				t.Fatalf("key %q: %d %s", key, first.Code, first.Body)
			}
			return
		}
		if want := fmt.Sprintf("1 %q", body); first.Code != http.StatusAccepted || first.Body.String() != want {
			t.Fatalf("key %q: %d %s, want %s", key, first.Code, first.Body, want)
		}
		again := send(path, body)
		if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get(idempotency.Replayed) != "true" {
			t.Fatalf("key %q again: %d %s", key, again.Code, again.Body)
		}
		if answer := send(path, other); other != body && answer.Code != http.StatusUnprocessableEntity {
			t.Fatalf("key %q with %q: %d", key, other, answer.Code)
		}
		if answer := send(path+"x", body); answer.Code != http.StatusUnprocessableEntity {
			t.Fatalf("key %q elsewhere: %d", key, answer.Code)
		}
		if done != 1 {
			t.Fatalf("done %d times", done)
		}
	})
}

// visible is the grammar of a key, said a second time.
func visible(key string) bool {
	return key != "" && len(key) <= 255 && strings.Trim(key, `!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`+"`abcdefghijklmnopqrstuvwxyz{|}~") == ""
}
