package view

import (
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Queue is a queue. Every state has a count, every counter a total and a rate.
func Queue(info zeroq.QueueInfo) *types.Queue {
	counts := make(map[string]int64, len(zeroq.States))
	for _, state := range zeroq.States {
		counts[string(state)] = info.Counts[state]
	}
	totals := make(map[string]int64, len(zeroq.Counters))
	rates := make(map[string]float64, len(zeroq.Counters))
	for _, counter := range zeroq.Counters {
		totals[string(counter)] = info.Totals[counter]
		rates[string(counter)] = info.Rates[counter]
	}
	return &types.Queue{
		Queue:     info.Queue,
		Counts:    counts,
		OldestAge: info.OldestAge.String(),
		Totals:    totals,
		Rates:     rates,
		Limits:    limits(info.Limits),
		Paused:    info.Paused,
		Draining:  info.Draining,
	}
}

func limits(l zeroq.Limits) types.Limits {
	return types.Limits{
		Rate:        number(l.Rate),
		Burst:       number(l.Burst),
		Concurrency: number(l.Concurrency),
		MaxLength:   number(l.MaxLength),
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
