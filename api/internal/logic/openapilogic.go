// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/openapi"
)

// OpenAPILogic does the work of one request.
type OpenAPILogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewOpenAPILogic returns the logic of one request.
func NewOpenAPILogic(ctx context.Context, svcCtx *svc.ServiceContext) *OpenAPILogic {
	return &OpenAPILogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// OpenAPI returns the contract of this API.
func (l *OpenAPILogic) OpenAPI() []byte { return openapi.Document() }
