package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// accept answers with an operation that has begun.
func accept(w http.ResponseWriter, r *http.Request, op *types.Operation) {
	w.Header().Set("Location", "/v1/operations/"+op.Id)
	answer.JSON(w, r, http.StatusAccepted, op)
}

// acceptUnlessDry answers with an operation, or with what it would have done.
func acceptUnlessDry(w http.ResponseWriter, r *http.Request, op *types.Operation, dry *types.Matched) {
	if dry != nil {
		answer.JSON(w, r, http.StatusOK, dry)
		return
	}
	accept(w, r, op)
}
