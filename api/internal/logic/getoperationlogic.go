// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// GetOperationLogic does the work of one request.
type GetOperationLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewGetOperationLogic returns the logic of one request.
func NewGetOperationLogic(ctx context.Context, svcCtx *svc.ServiceContext) *GetOperationLogic {
	return &GetOperationLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// GetOperation returns an operation.
func (l *GetOperationLogic) GetOperation(req *types.OperationRequest) (resp *types.Operation, err error) {
	if err := request.OperationID(req.Id); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	op, err := l.svcCtx.Operator.Operation(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	return view.Operation(op), nil
}
