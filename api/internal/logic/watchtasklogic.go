// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// WatchTaskLogic does the work of one request.
type WatchTaskLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewWatchTaskLogic returns the logic of one request.
func NewWatchTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *WatchTaskLogic {
	return &WatchTaskLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// WatchTask streams a task each time it changes, until it is finished.
func (l *WatchTaskLogic) WatchTask(req *types.TaskVerbRequest) error {
	// todo: add your logic here and delete this line

	return nil
}
