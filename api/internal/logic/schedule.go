package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// changeSchedule changes a schedule and returns it as it is then.
func changeSchedule(ctx context.Context, svcCtx *svc.ServiceContext, name string,
	change func(ctx context.Context, name string) error) (*types.Schedule, error) {
	if err := request.ScheduleName(name); err != nil {
		return nil, err
	}
	ctx, cancel := svcCtx.BrokerContext(ctx)
	defer cancel()
	if err := change(ctx, name); err != nil {
		return nil, err
	}
	return readSchedule(ctx, svcCtx, name)
}

func readSchedule(ctx context.Context, svcCtx *svc.ServiceContext, name string) (*types.Schedule, error) {
	schedule, err := svcCtx.Timetable.Schedule(ctx, name)
	if err != nil {
		return nil, err
	}
	return view.Schedule(schedule), nil
}
