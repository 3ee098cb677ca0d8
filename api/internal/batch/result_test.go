package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// careful is a writer that wants a new deadline for every write, and no large ones.
type careful struct {
	*httptest.ResponseRecorder
	t      *testing.T
	writes int
	moved  bool
	// left is how many writes succeed.
	left int
}

func (c *careful) SetWriteDeadline(time.Time) error {
	c.moved = true
	return nil
}

func (c *careful) Write(p []byte) (int, error) {
	if !c.moved || len(p) > 2*blockBytes {
		c.t.Errorf("write %d of %d bytes; new deadline: %v", c.writes, len(p), c.moved)
	}
	c.writes, c.moved = c.writes+1, false
	if c.writes > c.left {
		return 0, errors.New("broken pipe")
	}
	return c.ResponseRecorder.Write(p)
}

func bad(n int) *Result {
	r := &Result{}
	for i := range n {
		if i%3 > 0 {
			r.accept(i, fmt.Sprintf("mail~0~%010d", i))
			continue
		}
		r.refuse(i, problem.Field("type", "type must not be <empty>"))
	}
	return r
}

func TestResult_IsWrittenInBlocksThatTakeTheirTime(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 1000, 20_000} {
		w := &careful{ResponseRecorder: httptest.NewRecorder(), t: t, left: 1 << 20}
		bad(n).Write(w)
		var got struct {
			Accepted, Rejected int
			Items              []struct {
				Index int
				ID    string
				Error *struct{ Code string }
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusAccepted {
			t.Fatalf("%d items: %d, %v", n, w.Code, err)
		}
		if length := w.Header().Get("Content-Length"); length != fmt.Sprint(w.Body.Len()) {
			t.Errorf("%d items: Content-Length %s of %d", n, length, w.Body.Len())
		}
		if got.Accepted+got.Rejected != n || len(got.Items) != n {
			t.Fatalf("%d items: %d accepted, %d rejected, %d listed", n, got.Accepted, got.Rejected, len(got.Items))
		}
		for i, item := range got.Items {
			if item.Index != i || (item.Error != nil) != (i%3 == 0) || (item.ID != "") == (i%3 == 0) {
				t.Fatalf("item %d is %+v", i, item)
			}
		}
	}
}

func TestResult_IsNotWrittenToAClientThatHasGone(t *testing.T) {
	t.Parallel()
	w := &careful{ResponseRecorder: httptest.NewRecorder(), t: t, left: 2}
	bad(20_000).Write(w)
	if w.writes != 3 {
		t.Errorf("%d writes", w.writes)
	}
}

// However many tasks are accepted, the list of them stays within its bound.
func TestResult_IsBounded(t *testing.T) {
	t.Parallel()
	r := &Result{}
	for i := range 1_000_000 {
		r.accept(i, "mail~0~0000000001")
	}
	held := 0
	for _, block := range r.items.blocks {
		held += cap(block)
	}
	if r.accepted != 1_000_000 || r.omitted == 0 || r.full() || held > listBytes*5/4 {
		t.Errorf("%d accepted, %d omitted, %d bytes held", r.accepted, r.omitted, held)
	}
}

func BenchmarkResult(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := &Result{}
		for i := range 512 {
			r.accept(i, "mail~0~0000000001")
		}
		r.Write(httptest.NewRecorder())
	}
}
