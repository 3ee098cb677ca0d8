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

// RunScheduleHandler parses the request strictly, calls logic.RunScheduleLogic and writes its answer.
func RunScheduleHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.ScheduleRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		if err := request.Empty(r); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewRunScheduleLogic(r.Context(), svcCtx)
		resp, err := l.RunSchedule(&req)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		w.Header().Set("Location", location(resp))
		answer.JSON(w, r, http.StatusAccepted, resp)
	}
}
