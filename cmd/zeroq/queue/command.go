// Package queue has the commands on queues, on the tasks in them, on workers, and on operations.
package queue

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// Commands returns the commands.
func Commands() []*cobra.Command {
	return []*cobra.Command{
		queues(), tasks(), workers(),
		verb("pause", "Keep workers from taking tasks of a queue", "is paused", (*client.Client).Pause),
		verb("resume", "End the pause, or the drain, of a queue", "goes on", (*client.Client).Resume),
		verb("drain", "Keep new tasks off a queue until it is empty", "is draining", (*client.Client).Drain),
		limits(), purge(), operation(),
	}
}

func queues() *cobra.Command {
	command := &cobra.Command{
		Use: "queues [QUEUE]", Short: "List the queues, or show one", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: session.QueueNames,
	}
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		if len(args) > 0 {
			info, err := s.API.Queue(ctx, args[0])
			if err != nil {
				return err
			}
			return s.Write(func() { show(s, info) })
		}
		infos, err := s.API.Queues(ctx)
		if err != nil {
			return err
		}
		return s.Write(func() { list(s, infos) })
	})
}

// verb is a command that changes a queue.
func verb(
	name, short, became string, do func(*client.Client, context.Context, string) (zeroq.QueueInfo, error),
) *cobra.Command {
	command := &cobra.Command{
		Use: name + " QUEUE", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		info, err := do(s.API, ctx, args[0])
		if err != nil {
			return err
		}
		return s.Write(func() { fmt.Fprintln(s.Out, "queue", info.Queue, became) })
	})
}

func limits() *cobra.Command {
	var wanted zeroq.Limits
	command := &cobra.Command{
		Use: "limits QUEUE", Short: "Show or change what a queue may do at most",
		Long: `Show what a queue may do at most, all its workers together, or change it: 0
lifts a limit, and one that is not named stays as it is.`,
		Example: "  zeroq limits mail --rate 100 --concurrency 0",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	flags := command.Flags()
	flags.Float64Var(&wanted.Rate, "rate", 0, "how many tasks may start in a second")
	flags.IntVar(&wanted.Burst, "burst", 0, "how many tasks may start at once after a quiet time")
	flags.IntVar(&wanted.Concurrency, "concurrency", 0, "how many tasks may run at once")
	flags.IntVar(&wanted.MaxLength, "max-length", 0, "how many tasks may wait; more are refused")
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		change, some := changeOf(flags.Changed, &wanted)
		ask := s.API.Queue
		if some {
			ask = func(ctx context.Context, queue string) (zeroq.QueueInfo, error) {
				return s.API.Limit(ctx, queue, change)
			}
		}
		info, err := ask(ctx, args[0])
		if err != nil {
			return err
		}
		return s.Write(func() { s.Fields(limitFields(info.Limits)...) })
	})
}

// changeOf is the change to the limits whose flags were given, if any were.
func changeOf(given func(flag string) bool, wanted *zeroq.Limits) (change zeroq.LimitsChange, some bool) {
	if given("rate") {
		change.Rate, some = &wanted.Rate, true
	}
	if given("burst") {
		change.Burst, some = &wanted.Burst, true
	}
	if given("concurrency") {
		change.Concurrency, some = &wanted.Concurrency, true
	}
	if given("max-length") {
		change.MaxLength, some = &wanted.MaxLength, true
	}
	return change, some
}

func purge() *cobra.Command {
	var state string
	var yes, detach bool
	command := &cobra.Command{
		Use: "purge QUEUE --state STATE", Short: "Delete all tasks of a queue that are in one state",
		Long: `Delete all tasks of a queue that are in one state, whatever their number, and
show how far it is. On a terminal it asks back first.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	flags := command.Flags()
	flags.StringVar(&state, "state", "", "ready, scheduled, retry, dead, cancelled, expired or succeeded")
	flags.BoolVar(&yes, "yes", false, "do not ask back")
	flags.BoolVar(&detach, "detach", false, "do not wait for the end")
	_ = command.RegisterFlagCompletionFunc("state", session.StateNames) // the flag is there
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		if state == "" {
			return session.Usagef("--state is missing")
		}
		if !yes {
			if err := s.Confirm("Delete all %s tasks of queue %s?", session.Plain(state), session.Plain(args[0])); err != nil {
				return err
			}
		}
		begun, err := s.API.Purge(ctx, args[0], zeroq.State(state))
		if err != nil {
			return err
		}
		return s.FollowUnless(ctx, detach, begun)
	})
}

func operation() *cobra.Command {
	var wait, abort bool
	command := &cobra.Command{
		Use: "operation ID", Short: "Show how far a purge, or a retry of dead letters, is",
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	command.Flags().BoolVar(&wait, "wait", false, "wait for its end")
	command.Flags().BoolVar(&abort, "abort", false, "end it where it is")
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		if wait && abort {
			return session.Usagef("--wait and --abort do not go together")
		}
		if abort {
			if err := s.API.AbortOperation(ctx, args[0]); err != nil {
				return err
			}
		}
		o, err := s.API.Operation(ctx, args[0])
		if err != nil {
			return err
		}
		return s.FollowUnless(ctx, !wait, o)
	})
}
