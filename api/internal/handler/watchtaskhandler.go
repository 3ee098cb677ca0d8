// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package handler

import (
	"context"
	"errors"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/edge"
	"github.com/zeroq-dev/zeroq/api/internal/logic"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// WatchTaskHandler parses the request strictly and streams what logic.WatchTaskLogic sends.
func WatchTaskHandler(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req types.TaskVerbRequest
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		l := logic.NewWatchTaskLogic(r.Context(), svcCtx)
		if err := watch(w, r, &req, l); err != nil {
			answer.Error(w, r, err)
		}
	}
}

// errHead ends a stream that nobody reads.
var errHead = errors.New("a HEAD has no body")

// watch answers with a stream; an error is one that came before it began. What comes later can only
// end it: the client looks again.
func watch(w http.ResponseWriter, r *http.Request, req *types.TaskVerbRequest, l *logic.WatchTaskLogic) error {
	stream := answer.NewStream(w)
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		stream.KeepAlive(ctx)
	}()
	err := l.WatchTask(req, func(task *types.Task) error {
		if err := stream.Task(task); err != nil || !edge.IsHead(ctx) {
			return err
		}
		return errHead
	})
	cancel()
	<-done
	if stream.Begun() {
		return nil
	}
	return err
}
