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

// ResumeScheduleHandler parses the request strictly, calls logic.ResumeScheduleLogic and writes its answer.
func ResumeScheduleHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
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
		l := logic.NewResumeScheduleLogic(r.Context(), svcCtx)
		resp, err := l.ResumeSchedule(&req)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.JSON(w, r, http.StatusOK, resp)
	}
}
