package view

import (
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Workers is a page of workers. next is nil for the last.
func Workers(infos []zeroq.WorkerInfo, next *string) *types.Workers {
	items := make([]types.Worker, len(infos))
	for i, info := range infos {
		items[i] = worker(info)
	}
	return &types.Workers{Items: items, NextCursor: next}
}

func worker(info zeroq.WorkerInfo) types.Worker {
	return types.Worker{
		Id:            info.ID,
		Host:          info.Host,
		Pid:           info.PID,
		Queues:        append([]string{}, info.Queues...),
		Slots:         info.Slots,
		Running:       running(info.Running),
		StartedAt:     moment(info.StartedAt),
		LastHeartbeat: moment(info.LastHeartbeat),
	}
}

func running(tasks []zeroq.RunningTask) []types.RunningTask {
	running := make([]types.RunningTask, len(tasks))
	for i, task := range tasks {
		running[i] = types.RunningTask{
			Id:        task.ID,
			Type:      task.Type,
			Queue:     task.Queue,
			Attempt:   task.Attempt,
			StartedAt: moment(task.StartedAt),
			Stuck:     task.Stuck,
		}
	}
	return running
}
