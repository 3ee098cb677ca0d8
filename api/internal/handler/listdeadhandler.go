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

// ListDeadHandler parses the request strictly, calls logic.ListDeadLogic and writes its answer.
func ListDeadHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.DeadRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewListDeadLogic(r.Context(), svcCtx)
		resp, err := l.ListDead(&req)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.Tasks(w, r, resp)
	}
}
