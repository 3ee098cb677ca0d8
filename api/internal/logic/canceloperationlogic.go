// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// CancelOperationLogic does the work of one request.
type CancelOperationLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewCancelOperationLogic returns the logic of one request.
func NewCancelOperationLogic(ctx context.Context, svcCtx *svc.ServiceContext) *CancelOperationLogic {
	return &CancelOperationLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// CancelOperation ends an operation where it is.
func (l *CancelOperationLogic) CancelOperation(req *types.OperationRequest) error {
	// todo: add your logic here and delete this line

	return nil
}
