// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"
	"errors"
	"io"

	"github.com/zeroq-dev/zeroq/api/internal/batch"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
)

// EnqueueBatchLogic does the work of one request.
type EnqueueBatchLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewEnqueueBatchLogic returns the logic of one request.
func NewEnqueueBatchLogic(ctx context.Context, svcCtx *svc.ServiceContext) *EnqueueBatchLogic {
	return &EnqueueBatchLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// EnqueueBatch puts tasks, each as JSON, on their queues.
func (l *EnqueueBatchLogic) EnqueueBatch(tasks [][]byte) (*batch.Result, error) {
	b := batch.New(l.svcCtx)
	for _, task := range tasks {
		b.Add(l.ctx, task)
	}
	return b.Finish(l.ctx)
}

// EnqueueLines puts tasks on their queues while their lines come in. It stops early when nothing
// more can be put there.
func (l *EnqueueBatchLogic) EnqueueLines(lines *request.Lines) (*batch.Result, error) {
	b := batch.New(l.svcCtx)
	for {
		line, err := lines.Next()
		var tooLong *problem.Problem
		switch {
		case errors.Is(err, io.EOF):
			return b.Finish(l.ctx)
		case errors.As(err, &tooLong):
			b.Refuse(l.ctx, err)
		case err != nil:
			return b.Stop(l.ctx, request.ReadError(err))
		default:
			b.Add(l.ctx, line)
		}
		if l.svcCtx.Stopping.Err() != nil {
			return b.Stop(l.ctx, problem.Stopping())
		}
		if err := b.Broken(); err != nil {
			return b.Stop(l.ctx, err)
		}
	}
}
