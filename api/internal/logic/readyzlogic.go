// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"
	"fmt"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// ReadyzLogic does the work of one request.
type ReadyzLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewReadyzLogic returns the logic of one request.
func NewReadyzLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ReadyzLogic {
	return &ReadyzLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// Readyz tells whether the broker can be reached. An API that stops is not ready, so that no more
// requests come its way.
func (l *ReadyzLogic) Readyz() (resp *types.Status, err error) {
	if l.svcCtx.Stopping.Err() != nil {
		return nil, problem.Stopping()
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	if err := l.svcCtx.Ping(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", zeroq.ErrUnavailable, err)
	}
	return &types.Status{Status: "ready"}, nil
}
