// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// DeleteDeadLogic does the work of one request.
type DeleteDeadLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDeleteDeadLogic returns the logic of one request.
func NewDeleteDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DeleteDeadLogic {
	return &DeleteDeadLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DeleteDead begins to delete dead letters of a queue. A dry run only
// counts them.
func (l *DeleteDeadLogic) DeleteDead(req *types.QueueRequest, body []byte) (resp *types.Operation, dry *types.Matched, err error) {
	return treatDead(l.ctx, l.svcCtx, req.Queue, zeroq.VerbDelete, body)
}
