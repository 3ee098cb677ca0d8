package answer_test

import (
	"net/http/httptest"
	"testing"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// What is put together by hand is what the encoder would write.
func TestAccepted_IsWhatTheEncoderWrites(t *testing.T) {
	t.Parallel()
	for _, task := range []types.Accepted{
		{}, {Id: "mail~0~0000000001", Queue: "mail", State: "ready"}, {Id: "<\"\\\n&é>", Queue: "\x00", State: "\t"},
	} {
		want, err := answer.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		answer.Accepted(recorder, "/there", &task)
		if got := recorder.Body.String(); got != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
		if recorder.Code != 202 || recorder.Header().Get("Location") != "/there" || recorder.Header().Get("Content-Type") != answer.ContentType {
			t.Errorf("%d, %v", recorder.Code, recorder.Header())
		}
	}
}

func BenchmarkAccepted(b *testing.B) {
	task := &types.Accepted{Id: "mail~0~0000000001", Queue: "mail", State: "ready"}
	recorder := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		recorder.Body.Reset()
		answer.Accepted(recorder, "/v1/tasks/mail~0~0000000001", task)
	}
}
