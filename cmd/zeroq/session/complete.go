package session

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
)

// completeTime is how long somebody waits for the completion of a word.
const completeTime = 2 * time.Second

// first completes the first argument only.
func first(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(command, args, word)
	}
}

// names looks up names at the API.
func names(list func(context.Context, *Session) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		const noFiles = cobra.ShellCompDirectiveNoFileComp
		address, err := command.Flags().GetString("api")
		if err != nil {
			return nil, noFiles
		}
		s, err := open(command, flags{api: address})
		if err != nil {
			return nil, noFiles
		}
		defer s.close()
		ctx, cancel := context.WithTimeout(command.Context(), completeTime)
		defer cancel()
		names, err := list(ctx, s)
		if err != nil {
			return nil, noFiles
		}
		return names, noFiles
	}
}

// QueueFlag completes a flag that names a queue.
var QueueFlag = names(func(ctx context.Context, s *Session) ([]string, error) {
	queues, err := s.API.Queues(ctx)
	all := make([]string, len(queues))
	for i, queue := range queues {
		all[i] = queue.Queue
	}
	return all, err
})

// QueueNames completes the name of a queue, ScheduleNames that of a schedule.
var (
	QueueNames    = first(QueueFlag)
	ScheduleNames = first(scheduleNames)
)

var scheduleNames = names(func(ctx context.Context, s *Session) ([]string, error) {
	schedules, err := s.API.Schedules(ctx)
	all := make([]string, len(schedules))
	for i, schedule := range schedules {
		all[i] = schedule.Name
	}
	return all, err
})

// StateNames completes the name of a state.
func StateNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var all []string
	for _, state := range zeroq.States {
		all = append(all, string(state))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
