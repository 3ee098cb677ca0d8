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

// CancelOperationHandler parses the request strictly, calls logic.CancelOperationLogic and writes its answer.
func CancelOperationHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.OperationRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewCancelOperationLogic(r.Context(), svcCtx)
		if err := l.CancelOperation(&req); err != nil {
			answer.Error(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
