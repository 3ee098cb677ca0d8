// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// PurgeQueueLogic does the work of one request.
type PurgeQueueLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPurgeQueueLogic returns the logic of one request.
func NewPurgeQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PurgeQueueLogic {
	return &PurgeQueueLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PurgeQueue begins to delete all tasks of the queue that are in one state.
func (l *PurgeQueueLogic) PurgeQueue(req *types.QueueRequest) (resp *types.Operation, err error) {
	// todo: add your logic here and delete this line

	return
}
