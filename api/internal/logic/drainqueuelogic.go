// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// DrainQueueLogic does the work of one request.
type DrainQueueLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDrainQueueLogic returns the logic of one request.
func NewDrainQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DrainQueueLogic {
	return &DrainQueueLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DrainQueue keeps new tasks off the queue until it is empty.
func (l *DrainQueueLogic) DrainQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	// todo: add your logic here and delete this line

	return
}
