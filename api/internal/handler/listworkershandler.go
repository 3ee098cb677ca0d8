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

// ListWorkersHandler parses the request strictly, calls logic.ListWorkersLogic and writes its answer.
func ListWorkersHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.PageRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewListWorkersLogic(r.Context(), svcCtx)
		resp, err := l.ListWorkers(&req)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.JSON(w, r, http.StatusOK, resp)
	}
}
