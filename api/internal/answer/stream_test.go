package answer_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// A comment comes every 15 seconds, but not before the stream has begun: until then the answer can
// still be an error.
func TestStream_KeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := httptest.NewRecorder()
		stream := answer.NewStream(recorder)
		ctx, cancel := context.WithCancel(t.Context())
		go stream.KeepAlive(ctx)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if stream.Begun() || recorder.Body.Len() > 0 {
			t.Errorf("began with %q", recorder.Body)
		}
		if err := stream.Task(&types.Task{Id: "x"}); err != nil {
			t.Error(err)
		}
		time.Sleep(30 * time.Second)
		cancel()
		synctest.Wait()
		if !recorder.Flushed {
			t.Error("nothing was flushed")
		}
		if n := strings.Count(recorder.Body.String(), ": keep-alive\n\n"); n != 2 {
			t.Errorf("%d comments in %q", n, recorder.Body)
		}
	})
}

type brokenPipe struct{ *httptest.ResponseRecorder }

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("broken pipe")

// A client that has gone ends the stream.
func TestStream_FailsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := answer.NewStream(brokenPipe{httptest.NewRecorder()})
		for range 2 {
			if err := stream.Task(&types.Task{}); !errors.Is(err, errBroken) {
				t.Errorf("got %v", err)
			}
		}
		stream.KeepAlive(t.Context()) // returns at the first comment
	})
}
