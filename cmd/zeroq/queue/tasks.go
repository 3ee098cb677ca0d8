package queue

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

func tasks() *cobra.Command {
	query := zeroq.TaskQuery{}
	var state string
	command := &cobra.Command{
		Use: "tasks QUEUE", Short: "List the tasks of a queue that are in one state",
		Args: cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	command.Flags().StringVar(&state, "state", string(zeroq.Ready), "the state")
	_ = command.RegisterFlagCompletionFunc("state", session.StateNames) // the flag is there
	session.PageFlags(command, &query)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		query.Queue, query.State = args[0], zeroq.State(state)
		return s.Tasks(ctx, query, fmt.Sprintf("no %s tasks; --state shows others", state))
	})
}
