// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// HealthzLogic does the work of one request.
type HealthzLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewHealthzLogic returns the logic of one request.
func NewHealthzLogic(ctx context.Context, svcCtx *svc.ServiceContext) *HealthzLogic {
	return &HealthzLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// Healthz tells that the process is alive.
func (l *HealthzLogic) Healthz() (resp *types.Status, err error) {
	return &types.Status{Status: "alive"}, nil
}
