package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// noPayload is how a task ends whose data and result are null: they are its last fields.
var noPayload = []byte(`"data":null,"result":null}` + "\n")

// Task writes a task. Its data and result must be json.RawMessage or nil; they are copied byte for
// byte, while the encoder would drop white space.
func Task(w http.ResponseWriter, r *http.Request, task *types.Task) {
	data, _ := task.Data.(json.RawMessage)
	result, _ := task.Result.(json.RawMessage)
	bare := *task
	bare.Data, bare.Result = nil, nil
	body, err := Marshal(bare)
	if err != nil {
		Error(w, r, err)
		return
	}
	head, ok := bytes.CutSuffix(body, noPayload)
	if !ok {
		Error(w, r, fmt.Errorf("task %s does not end in its data and result", task.Id))
		return
	}
	full := make([]byte, 0, len(head)+len(data)+len(result)+len(noPayload))
	full = appendField(append(full, head...), `"data":`, data)
	full = appendField(append(full, ','), `"result":`, result)
	Bytes(w, http.StatusOK, append(full, '}', '\n'))
}

func appendField(body []byte, name string, value []byte) []byte {
	body = append(body, name...)
	if len(value) == 0 {
		return append(body, "null"...)
	}
	return append(body, value...)
}
