package redisq

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Work in progress: each method moves to the file of its noun when it is built.

func (b *Broker) WatchTask(context.Context, string, string, func(*zeroq.TaskInfo) error) error {
	return zeroq.ErrUnsupported
}
func (b *Broker) Tasks(context.Context, zeroq.TaskQuery) (zeroq.TaskPage, error) {
	return zeroq.TaskPage{}, zeroq.ErrUnsupported
}
func (b *Broker) DeadGroups(context.Context, string) ([]zeroq.DeadGroup, error) {
	return nil, zeroq.ErrUnsupported
}
func (b *Broker) Sample(context.Context, string) error                  { return nil }
func (b *Broker) Recount(context.Context, string) error                 { return nil }
func (b *Broker) Configure(context.Context, string, zeroq.Limits) error { return nil }

func (b *Broker) Cancel(context.Context, string, string) (zeroq.State, error) {
	return "", zeroq.ErrUnsupported
}
func (b *Broker) Retry(context.Context, string, string) error  { return zeroq.ErrUnsupported }
func (b *Broker) Delete(context.Context, string, string) error { return zeroq.ErrUnsupported }
func (b *Broker) Pause(context.Context, string) error          { return zeroq.ErrUnsupported }
func (b *Broker) Resume(context.Context, string) error         { return zeroq.ErrUnsupported }
func (b *Broker) Drain(context.Context, string) error          { return zeroq.ErrUnsupported }
func (b *Broker) Limit(context.Context, string, zeroq.LimitsChange) error {
	return zeroq.ErrUnsupported
}

func (b *Broker) Matched(context.Context, string, zeroq.Selection) (int64, error) {
	return 0, zeroq.ErrUnsupported
}
func (b *Broker) Begin(context.Context, zeroq.Operation) (zeroq.Operation, error) {
	return zeroq.Operation{}, zeroq.ErrUnsupported
}
func (b *Broker) Operation(context.Context, string) (zeroq.Operation, error) {
	return zeroq.Operation{}, zeroq.ErrUnsupported
}
func (b *Broker) Abort(context.Context, string) error { return zeroq.ErrUnsupported }
func (b *Broker) Work(context.Context) (bool, error)  { return false, nil }

func (b *Broker) Schedules(context.Context) ([]zeroq.Schedule, error) {
	return nil, zeroq.ErrUnsupported
}
func (b *Broker) Schedule(context.Context, string) (zeroq.Schedule, error) {
	return zeroq.Schedule{}, zeroq.ErrUnsupported
}
func (b *Broker) PutSchedule(context.Context, zeroq.Schedule) (bool, error) {
	return false, zeroq.ErrUnsupported
}
func (b *Broker) DeleteSchedule(context.Context, string) error { return zeroq.ErrUnsupported }
func (b *Broker) PauseSchedule(context.Context, string) error  { return zeroq.ErrUnsupported }
func (b *Broker) ResumeSchedule(context.Context, string) error { return zeroq.ErrUnsupported }
func (b *Broker) RunSchedule(context.Context, string) (string, error) {
	return "", zeroq.ErrUnsupported
}
func (b *Broker) Configured(context.Context, string, []zeroq.Schedule) error { return nil }
func (b *Broker) Tick(context.Context) (int, time.Duration, error) {
	return 0, time.Second, nil
}

func (m *member) Report(context.Context, string, map[string]json.RawMessage) error { return nil }
