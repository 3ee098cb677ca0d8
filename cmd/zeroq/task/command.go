// Package task has the commands on single tasks: get, wait, cancel, retry, delete.
package task

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// Commands returns the commands.
func Commands() []*cobra.Command {
	return []*cobra.Command{get(), wait(), cancel(), retry(), remove()}
}

func get() *cobra.Command {
	var queue string
	command := &cobra.Command{
		Use: "get ID", Short: "Show a task", Args: cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	queueFlag(command, &queue)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		info, err := s.API.Task(ctx, args[0], queue)
		if err != nil {
			return err
		}
		return s.Write(func() { Show(s, info) })
	})
}

func wait() *cobra.Command {
	var queue string
	command := &cobra.Command{
		Use: "wait ID…", Short: "Wait until tasks are finished, and show them",
		Long: `Wait until each of the tasks is finished, and show it. The exit code is 0 if
all have succeeded, and 1 if any is dead, cancelled or expired, or has not
finished when --timeout is over.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	queueFlag(command, &queue)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		first := true
		return s.Each(args, func(id string) error {
			if !first && !s.JSON {
				fmt.Fprintln(s.Out)
			}
			first = false
			return Wait(ctx, s, id, queue)
		})
	})
}

// Wait waits for the end of a task and shows it. It fails unless the task has succeeded.
func Wait(ctx context.Context, s *session.Session, id, queue string) error {
	info, err := s.API.Wait(ctx, id, queue)
	if err != nil {
		return err
	}
	if err := s.WriteLast(func() { Show(s, info) }); err != nil {
		return err
	}
	if info.State != zeroq.Succeeded {
		return session.Failed
	}
	return nil
}

func cancel() *cobra.Command {
	return verb("cancel", "Call tasks off; a running one is told to stop",
		func(ctx context.Context, s *session.Session, id, queue string) (string, error) {
			state, err := s.API.Cancel(ctx, id, queue)
			if state == zeroq.Leased {
				return "is told to stop", err
			}
			return "is cancelled", err
		})
}

func retry() *cobra.Command {
	return verb("retry", "Run dead, cancelled or expired tasks again",
		func(ctx context.Context, s *session.Session, id, queue string) (string, error) {
			return "is ready", s.API.Retry(ctx, id, queue)
		})
}

func remove() *cobra.Command {
	return verb("delete", "Forget tasks that are not running",
		func(ctx context.Context, s *session.Session, id, queue string) (string, error) {
			return "is deleted", s.API.Delete(ctx, id, queue)
		})
}

// verb is a command that does something with each of some tasks, and says what became of it.
func verb(
	name, short string, do func(ctx context.Context, s *session.Session, id, queue string) (string, error),
) *cobra.Command {
	var queue string
	command := &cobra.Command{
		Use: name + " ID…", Short: short, Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	queueFlag(command, &queue)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		return s.Each(args, func(id string) error {
			became, err := do(ctx, s, id, queue)
			if err != nil {
				return err
			}
			return s.Write(func() { fmt.Fprintln(s.Out, id, became) })
		})
	})
}

func queueFlag(command *cobra.Command, queue *string) {
	command.Flags().StringVar(queue, "queue", "", "the task's queue, if more than one has a task of the id")
	_ = command.RegisterFlagCompletionFunc("queue", session.QueueFlag) // the flag is there
}
