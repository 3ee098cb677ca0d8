package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// beginOperation begins an operation, which whoever does upkeep goes on with.
func beginOperation(ctx context.Context, svcCtx *svc.ServiceContext, op zeroq.Operation) (*types.Operation, error) {
	if err := request.QueueName(op.Queue); err != nil {
		return nil, err
	}
	ctx, cancel := svcCtx.BrokerContext(ctx)
	defer cancel()
	op, err := svcCtx.Operator.Begin(ctx, op)
	if err != nil {
		return nil, err
	}
	return view.Operation(op), nil
}

// treatDead does something to the dead letters that a body selects, or counts them if it asks for
// that only.
func treatDead(ctx context.Context, svcCtx *svc.ServiceContext, queue string, verb zeroq.Verb,
	body []byte) (*types.Operation, *types.Matched, error) {
	if err := request.QueueName(queue); err != nil {
		return nil, nil, err
	}
	dead, err := request.DeadLetters(body)
	if err != nil {
		return nil, nil, err
	}
	if !dead.DryRun {
		op, err := beginOperation(ctx, svcCtx, zeroq.Operation{
			Queue: queue, Verb: verb, Selection: dead.Selection, Rate: dead.Rate,
		})
		return op, nil, err
	}
	ctx, cancel := svcCtx.BrokerContext(ctx)
	defer cancel()
	n, err := svcCtx.Operator.Matched(ctx, queue, dead.Selection)
	return nil, &types.Matched{Matched: n}, err
}
