package batch

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// The items of accepted tasks are listed up to listBytes of them, those of refused ones up to twice
// as much: then the batch is given up.
const listBytes = 8 << 20

// errTooMany stops a batch of which hardly anything is right.
var errTooMany = &problem.Problem{
	Status:  http.StatusBadRequest,
	Code:    problem.BadRequest,
	Message: "too many tasks of this batch are not valid",
}

// Result is what became of the tasks of a batch.
type Result struct {
	accepted, rejected, omitted int
	items                       bytes.Buffer
	stopped                     *problem.Problem
}

func (r *Result) accept(index int, id string) {
	r.accepted++
	if r.items.Len() >= listBytes {
		r.omitted++
		return
	}
	r.item(types.BatchItem{Index: index, Id: id})
}

func (r *Result) refuse(index int, p *problem.Problem) {
	r.rejected++
	item := p.Item()
	r.item(types.BatchItem{Index: index, Error: &item})
}

func (r *Result) full() bool { return r.items.Len() >= 2*listBytes }

func (r *Result) item(item types.BatchItem) {
	if r.items.Len() > 0 {
		r.items.WriteByte(',')
	}
	body, _ := answer.Marshal(item) // strings and numbers always marshal
	r.items.Write(bytes.TrimSuffix(body, []byte("\n")))
}

// Write writes the answer. "omitted" and "error" stand there only where they say something.
func (r *Result) Write(w http.ResponseWriter) {
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"accepted":%d,"rejected":%d`, r.accepted, r.rejected)
	if r.omitted > 0 {
		fmt.Fprintf(&body, `,"omitted":%d`, r.omitted)
	}
	if r.stopped != nil {
		text, _ := answer.Marshal(r.stopped.Item()) // strings always marshal
		fmt.Fprintf(&body, `,"error":%s`, bytes.TrimSpace(text))
	}
	body.WriteString(`,"items":[`)
	body.Write(r.items.Bytes())
	body.WriteString("]}\n")
	answer.Bytes(w, http.StatusAccepted, body.Bytes())
}
