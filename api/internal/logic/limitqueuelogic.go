// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// LimitQueueLogic does the work of one request.
type LimitQueueLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewLimitQueueLogic returns the logic of one request.
func NewLimitQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *LimitQueueLogic {
	return &LimitQueueLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// LimitQueue changes what a queue may do at most.
func (l *LimitQueueLogic) LimitQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	// todo: add your logic here and delete this line

	return
}
