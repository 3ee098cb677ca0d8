package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// changeQueue changes a queue and returns it as it is then.
func changeQueue(ctx context.Context, svcCtx *svc.ServiceContext, queue string,
	change func(ctx context.Context, queue string) error) (*types.Queue, error) {
	if err := request.QueueName(queue); err != nil {
		return nil, err
	}
	ctx, cancel := svcCtx.BrokerContext(ctx)
	defer cancel()
	if err := change(ctx, queue); err != nil {
		return nil, err
	}
	info, err := svcCtx.Inspector.Queue(ctx, queue)
	if err != nil {
		return nil, err
	}
	return view.Queue(info), nil
}
