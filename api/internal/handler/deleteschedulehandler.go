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

// DeleteScheduleHandler parses the request strictly, calls logic.DeleteScheduleLogic and writes its answer.
func DeleteScheduleHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.ScheduleRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewDeleteScheduleLogic(r.Context(), svcCtx)
		if err := l.DeleteSchedule(&req); err != nil {
			answer.Error(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
