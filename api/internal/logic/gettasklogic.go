// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// GetTaskLogic does the work of one request.
type GetTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewGetTaskLogic returns the logic of one request.
func NewGetTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *GetTaskLogic {
	return &GetTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// GetTask returns a task, if asked to wait as soon as it is finished.
func (l *GetTaskLogic) GetTask(req *types.TaskRequest) (resp *types.Task, err error) {
	if err := checkTask(req.Id, req.Queue); err != nil {
		return nil, err
	}
	wait, err := request.Wait(req.Wait)
	if err != nil {
		return nil, err
	}
	info, err := l.lookUp(req, wait)
	if err != nil {
		return nil, err
	}
	return view.Task(info), nil
}

func (l *GetTaskLogic) lookUp(req *types.TaskRequest, wait time.Duration) (*zeroq.TaskInfo, error) {
	if wait == 0 {
		ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
		defer cancel()
		return l.svcCtx.Inspector.Task(ctx, req.Id, req.Queue)
	}
	ctx, cancel := context.WithTimeout(l.ctx, wait)
	defer cancel()
	defer context.AfterFunc(l.svcCtx.Stopping, cancel)()
	return l.svcCtx.Inspector.WaitTask(ctx, req.Id, req.Queue)
}
