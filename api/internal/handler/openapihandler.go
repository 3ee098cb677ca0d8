// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
)

// OpenAPIHandler writes what logic.OpenAPILogic returns.
func OpenAPIHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer.Bytes(w, http.StatusOK, logic.NewOpenAPILogic(r.Context(), svcCtx).OpenAPI())
	}
}
