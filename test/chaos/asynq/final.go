//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/hibiken/asynq"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// pageSize is how many tasks are listed at once.
const pageSize = 1000

// final writes what Redis holds in the end, as JSON of [check.Final].
func final(p plan.Plan, out io.Writer) error {
	inspector := asynq.NewInspector(connection(p.Redis))
	defer inspector.Close()
	state, err := stateOf(inspector, p.Queue)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(state)
}

// stateOf reads the lists of a queue. asynq counts each outcome in the script that records it, so the
// difference of its totals is exact; no task of the harness is in a group.
func stateOf(inspector *asynq.Inspector, queue string) (state check.Final, err error) {
	state = check.Final{Counted: true, Dead: map[uint64]bool{}, Stored: map[uint64]string{}}
	queues, err := inspector.Queues()
	if err != nil || !slices.Contains(queues, queue) { // it exists once a task was sent
		return state, err
	}
	info, err := inspector.GetQueueInfo(queue)
	if err != nil {
		return state, err
	}
	state.Succeeded = info.ProcessedTotal - info.FailedTotal
	stored := []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
		inspector.ListPendingTasks, inspector.ListActiveTasks, inspector.ListScheduledTasks, inspector.ListRetryTasks,
	}
	for _, list := range stored {
		err := each(queue, list, func(n uint64, task *asynq.TaskInfo) { state.Stored[n] = task.State.String() })
		if err != nil {
			return state, err
		}
	}
	err = each(queue, inspector.ListArchivedTasks, func(n uint64, _ *asynq.TaskInfo) { state.Dead[n] = true })
	return state, err
}

// each calls do for each task of a list, with its number.
func each(
	queue string, list func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error),
	do func(n uint64, task *asynq.TaskInfo),
) error {
	for page := 1; ; page++ {
		tasks, err := list(queue, asynq.Page(page), asynq.PageSize(pageSize))
		if err != nil {
			return err
		}
		for _, task := range tasks {
			var d deed.Deed
			if err := json.Unmarshal(task.Payload, &d); err != nil {
				return fmt.Errorf("task %s: %w", task.ID, err)
			}
			do(d.N, task)
		}
		if len(tasks) < pageSize {
			return nil
		}
	}
}
