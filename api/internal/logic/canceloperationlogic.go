// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// CancelOperationLogic does the work of one request.
type CancelOperationLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewCancelOperationLogic returns the logic of one request.
func NewCancelOperationLogic(ctx context.Context, svcCtx *svc.ServiceContext) *CancelOperationLogic {
	return &CancelOperationLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// CancelOperation ends an operation where it is.
func (l *CancelOperationLogic) CancelOperation(req *types.OperationRequest) error {
	if err := request.OperationID(req.Id); err != nil {
		return err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	return l.svcCtx.Operator.Abort(ctx, req.Id)
}
