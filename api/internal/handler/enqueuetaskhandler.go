// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
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
		w.Header().Set("Location", "/v1/tasks/"+resp.Id)
		answer.JSON(w, r, http.StatusAccepted, resp)
	}
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
