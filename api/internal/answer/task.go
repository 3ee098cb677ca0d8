package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// noPayload is how a task ends whose progress, data and result are null: they are its last fields.
var noPayload = []byte(`"progress":null,"data":null,"result":null}` + "\n")

// Task writes a task. Its progress, data and result must be json.RawMessage or nil; they are copied
// byte for byte, while the encoder would drop white space.
func Task(w http.ResponseWriter, r *http.Request, task *types.Task) {
	body, err := appendTask(nil, task)
	if err != nil {
		Error(w, r, err)
		return
	}
	Bytes(w, http.StatusOK, append(body, '\n'))
}

// Tasks writes a page of tasks, each as [Task] does.
func Tasks(w http.ResponseWriter, r *http.Request, tasks *types.Tasks) {
	body := []byte(`{"items":[`)
	var err error
	for i := range tasks.Items {
		if i > 0 {
			body = append(body, ',')
		}
		if body, err = appendTask(body, &tasks.Items[i]); err != nil {
			Error(w, r, err)
			return
		}
	}
	cursor, err := Marshal(tasks.NextCursor)
	if err != nil {
		Error(w, r, err)
		return
	}
	body = append(append(body, `],"next_cursor":`...), bytes.TrimSpace(cursor)...)
	Bytes(w, http.StatusOK, append(body, '}', '\n'))
}

func appendTask(body []byte, task *types.Task) ([]byte, error) {
	bare := *task
	bare.Progress, bare.Data, bare.Result = nil, nil, nil
	text, err := Marshal(bare)
	if err != nil {
		return nil, err
	}
	head, ok := bytes.CutSuffix(text, noPayload)
	if !ok {
		return nil, fmt.Errorf("task %s does not end in its progress, data and result", task.Id)
	}
	body = appendField(append(body, head...), `"progress":`, task.Progress)
	body = appendField(append(body, ','), `"data":`, task.Data)
	body = appendField(append(body, ','), `"result":`, task.Result)
	return append(body, '}'), nil
}

func appendField(body []byte, name string, value any) []byte {
	body = append(body, name...)
	if raw, _ := value.(json.RawMessage); len(raw) > 0 {
		return append(body, raw...)
	}
	return append(body, "null"...)
}
