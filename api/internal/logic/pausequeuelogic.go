// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// PauseQueueLogic does the work of one request.
type PauseQueueLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPauseQueueLogic returns the logic of one request.
func NewPauseQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PauseQueueLogic {
	return &PauseQueueLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PauseQueue keeps workers from taking tasks of the queue.
func (l *PauseQueueLogic) PauseQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	// todo: add your logic here and delete this line

	return
}
