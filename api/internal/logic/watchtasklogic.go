// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// WatchTaskLogic does the work of one request.
type WatchTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewWatchTaskLogic returns the logic of one request.
func NewWatchTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *WatchTaskLogic {
	return &WatchTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// WatchTask streams a task each time it changes, until it is finished. The
// stream ends with the API too.
func (l *WatchTaskLogic) WatchTask(req *types.TaskVerbRequest, send func(*types.Task) error) error {
	if err := checkTask(req.Id, req.Queue); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	defer context.AfterFunc(l.svcCtx.Stopping, cancel)()
	return l.svcCtx.Inspector.WatchTask(ctx, req.Id, req.Queue, func(info *zeroq.TaskInfo) error {
		return send(view.Task(info))
	})
}
