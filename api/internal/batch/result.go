package batch

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
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

// Result is what became of the tasks of a batch. It is kept until the batch is read, as most clients send all of
// it before they read any of the answer: were that sent meanwhile, both would wait for the other.
type Result struct {
	accepted, rejected, omitted int
	items                       list
	stopped                     *problem.Problem
}

func (r *Result) accept(index int, id string) {
	r.accepted++
	if r.items.size >= listBytes {
		r.omitted++
		return
	}
	item := strconv.AppendInt(append(r.items.begin(), `{"index":`...), int64(index), 10)
	item = answer.AppendString(append(item, `,"id":`...), id)
	r.items.end(append(item, '}'))
}

func (r *Result) refuse(index int, p *problem.Problem) {
	r.rejected++
	e := p.Item()
	text, _ := answer.Marshal(types.BatchItem{Index: index, Error: &e}) // strings and numbers always marshal
	r.items.end(append(r.items.begin(), bytes.TrimSuffix(text, []byte("\n"))...))
}

func (r *Result) full() bool { return r.items.size >= 2*listBytes }

// Write writes the answer, once. A client may take its time to read it, as long as it reads.
func (r *Result) Write(w http.ResponseWriter) {
	const foot = "]}\n"
	head := r.head()
	answer.Begin(w, http.StatusAccepted, len(head)+r.items.size+len(foot))
	controller := http.NewResponseController(w)
	send := func(part []byte) bool {
		_ = controller.SetWriteDeadline(time.Now().Add(request.Patience)) // a writer without one needs none
		_, err := w.Write(part)
		return err == nil
	}
	sent := send(head)
	for i := 0; sent && i < len(r.items.blocks); i++ {
		sent = send(r.items.blocks[i])
		r.items.blocks[i] = nil
	}
	if sent {
		send([]byte(foot))
	}
}

// head is what stands before the items. "omitted" and "error" stand there only where they say something.
func (r *Result) head() []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, `{"accepted":%d,"rejected":%d`, r.accepted, r.rejected)
	if r.omitted > 0 {
		fmt.Fprintf(&head, `,"omitted":%d`, r.omitted)
	}
	if r.stopped != nil {
		text, _ := answer.Marshal(r.stopped.Item()) // strings always marshal
		fmt.Fprintf(&head, `,"error":%s`, bytes.TrimSpace(text))
	}
	head.WriteString(`,"items":[`)
	return head.Bytes()
}
