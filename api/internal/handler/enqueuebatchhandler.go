// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/batch"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
)

// EnqueueBatchHandler reads the body by hand, calls logic.EnqueueBatchLogic and writes its answer.
func EnqueueBatchHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l := logic.NewEnqueueBatchLogic(r.Context(), svcCtx)
		result, err := enqueueBatch(w, r, l)
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		result.Write(w)
	}
}

// enqueueBatch hands lines to the logic as they come, an array when it is there.
func enqueueBatch(w http.ResponseWriter, r *http.Request, l *logic.EnqueueBatchLogic) (*batch.Result, error) {
	if err := request.Parse(r, nil); err != nil {
		return nil, err
	}
	mediaType, err := request.MediaType(r, request.JSON, request.NDJSON)
	if err != nil {
		return nil, err
	}
	stream := request.Patient(w, r)
	if mediaType == request.NDJSON {
		return l.EnqueueLines(request.NewLines(stream))
	}
	body, err := request.Body(r, stream, request.MaxBatchBytes)
	if err != nil {
		return nil, err
	}
	tasks, err := request.Tasks(body)
	if err != nil {
		return nil, err
	}
	return l.EnqueueBatch(tasks)
}
