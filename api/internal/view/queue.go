package view

import (
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Queue is a queue. Every state has a count.
func Queue(info zeroq.QueueInfo) *types.Queue {
	counts := make(map[string]int64, len(zeroq.States))
	for _, state := range zeroq.States {
		counts[string(state)] = info.Counts[state]
	}
	return &types.Queue{
		Queue:     info.Queue,
		Counts:    counts,
		OldestAge: info.OldestAge.String(),
		Paused:    info.Paused,
	}
}

// Queues is a page of queues. next is nil for the last.
func Queues(infos []zeroq.QueueInfo, next *string) *types.Queues {
	items := make([]types.Queue, len(infos))
	for i, info := range infos {
		items[i] = *Queue(info)
	}
	return &types.Queues{Items: items, NextCursor: next}
}
