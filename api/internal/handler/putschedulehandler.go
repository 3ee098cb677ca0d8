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

// PutScheduleHandler parses the request strictly, calls logic.PutScheduleLogic and writes its answer.
func PutScheduleHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.ScheduleRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		body, err := request.Object(r)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewPutScheduleLogic(r.Context(), svcCtx)
		resp, created, err := l.PutSchedule(&req, body)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		if created {
			answer.JSON(w, r, http.StatusCreated, resp)
			return
		}
		answer.JSON(w, r, http.StatusOK, resp)
	}
}
