package answer

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Accepted writes a task that is on its queue. It is the answer that most requests get, so it is put together by
// hand.
func Accepted(w http.ResponseWriter, location string, task *types.Accepted) {
	body := make([]byte, 0, len(`{"id":"","queue":"","state":""}`)+len(task.Id)+len(task.Queue)+len(task.State)+1)
	body = AppendString(append(body, `{"id":`...), task.Id)
	body = AppendString(append(body, `,"queue":`...), task.Queue)
	body = AppendString(append(body, `,"state":`...), task.State)
	w.Header()["Location"] = []string{location}
	Bytes(w, http.StatusAccepted, append(body, '}', '\n'))
}

// AppendString adds a string as JSON, which must be valid UTF-8.
func AppendString(body []byte, s string) []byte {
	body, _ = jsontext.AppendQuote(body, s)
	return body
}
