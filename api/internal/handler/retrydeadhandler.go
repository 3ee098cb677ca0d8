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

// RetryDeadHandler parses the request strictly, calls logic.RetryDeadLogic and writes its answer.
func RetryDeadHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.QueueRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		body, err := request.Object(r)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewRetryDeadLogic(r.Context(), svcCtx)
		resp, dry, err := l.RetryDead(&req, body)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		acceptUnlessDry(w, r, resp, dry)
	}
}
