// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// ListTasksHandler parses the request strictly, calls logic.ListTasksLogic and writes its answer.
func ListTasksHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.TasksRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewListTasksLogic(r.Context(), svcCtx)
		resp, err := l.ListTasks(&req)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.Tasks(w, r, resp)
	}
}
