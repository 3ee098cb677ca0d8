// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// PurgeQueueLogic does the work of one request.
type PurgeQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPurgeQueueLogic returns the logic of one request.
func NewPurgeQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PurgeQueueLogic {
	return &PurgeQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PurgeQueue begins to delete all tasks of the queue that are in one state.
func (l *PurgeQueueLogic) PurgeQueue(req *types.QueueRequest, body []byte) (resp *types.Operation, err error) {
	selection, err := request.Purge(body)
	if err != nil {
		return nil, err
	}
	return beginOperation(l.ctx, l.svcCtx, zeroq.Operation{
		Queue: req.Queue, Verb: zeroq.VerbDelete, Selection: selection,
	})
}
