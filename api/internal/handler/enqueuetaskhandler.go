// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// EnqueueTaskHandler reads the body by hand, calls logic.EnqueueTaskLogic and writes its answer.
func EnqueueTaskHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := taskBody(r)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		resp, err := logic.NewEnqueueTaskLogic(r.Context(), svcCtx).EnqueueTask(body)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.Accepted(w, location(resp), resp)
	}
}

// location is where the task can be looked up. An id that the queue has chosen names the queue; one
// that a client has chosen may be known to other queues too.
func location(task *types.Accepted) string {
	path := "/v1/tasks/" + task.Id
	if zeroq.ValidID(task.Id) {
		path += "?queue=" + task.Queue
	}
	return path
}

func taskBody(r *http.Request) ([]byte, error) {
	if err := request.Parse(r, nil); err != nil {
		return nil, err
	}
	if _, err := request.MediaType(r, request.JSON); err != nil {
		return nil, err
	}
	return request.Body(r, r.Body, request.MaxTaskBytes)
}
