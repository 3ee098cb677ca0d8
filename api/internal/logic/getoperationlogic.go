// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// GetOperationLogic does the work of one request.
type GetOperationLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewGetOperationLogic returns the logic of one request.
func NewGetOperationLogic(ctx context.Context, svcCtx *svc.ServiceContext) *GetOperationLogic {
	return &GetOperationLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// GetOperation returns an operation.
func (l *GetOperationLogic) GetOperation(req *types.OperationRequest) (resp *types.Operation, err error) {
	// todo: add your logic here and delete this line

	return
}
