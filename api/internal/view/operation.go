package view

import (
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Operation is something done to many tasks.
func Operation(op zeroq.Operation) *types.Operation {
	return &types.Operation{
		Id:          op.ID,
		Queue:       op.Queue,
		Verb:        string(op.Verb),
		State:       string(op.Selection.State),
		Ids:         number(len(op.Selection.IDs)),
		Fingerprint: word(op.Selection.Fingerprint),
		Rate:        number(op.Rate),
		Status:      string(op.Status),
		Matched:     op.Matched,
		Done:        op.Done,
		Failed:      op.Failed,
		Error:       word(op.Error),
		CreatedAt:   moment(op.CreatedAt),
		FinishedAt:  moment(op.FinishedAt),
	}
}

// DeadGroups is all groups of a queue's dead letters.
func DeadGroups(groups []zeroq.DeadGroup) *types.DeadGroups {
	items := make([]types.DeadGroup, len(groups))
	for i, group := range groups {
		items[i] = types.DeadGroup{
			Fingerprint: group.Fingerprint,
			Count:       group.Count,
			FirstSeen:   moment(group.FirstSeen),
			LastSeen:    moment(group.LastSeen),
			Sample:      group.Sample,
		}
	}
	return &types.DeadGroups{Items: items}
}
