// Package dead is the command "zeroq dead": dead letters, one by one and by their errors.
package dead

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// Command returns the command.
func Command() *cobra.Command {
	return session.Group(&cobra.Command{Use: "dead", Short: "Look at dead letters, run them again, delete them"},
		list(), groups(),
		operation("retry", "Run dead letters again", "Run %s of queue %s again?", (*client.Client).RetryDead),
		operation("delete", "Delete dead letters", "Delete %s of queue %s?", (*client.Client).DeleteDead))
}

func list() *cobra.Command {
	query := zeroq.TaskQuery{State: zeroq.Dead}
	command := &cobra.Command{
		Use: "list QUEUE", Short: "List the dead letters of a queue",
		Args: cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	command.Flags().StringVar(&query.Fingerprint, "fingerprint", "", "only those of this error")
	session.PageFlags(command, &query)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		query.Queue = args[0]
		return s.Tasks(ctx, query, "no dead letters")
	})
}

func groups() *cobra.Command {
	command := &cobra.Command{
		Use: "groups QUEUE", Short: "List the errors that a queue's dead letters died of",
		Args: cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		groups, err := s.API.DeadGroups(ctx, args[0])
		if err != nil {
			return err
		}
		return s.Write(func() {
			rows := make([][]any, len(groups))
			for i, g := range groups {
				rows[i] = []any{g.Fingerprint, g.Count, s.Ago(g.FirstSeen), s.Ago(g.LastSeen), g.Sample}
			}
			s.Table([]string{"FINGERPRINT", "COUNT", "FIRST", "LAST", "SAMPLE"}, rows)
		})
	})
}

// options say which dead letters are meant, and how to go about it.
type options struct {
	letters             client.DeadLetters
	rate                float64
	dryRun, yes, detach bool
}

// begin begins an operation on dead letters.
type begin func(*client.Client, context.Context, string, client.DeadLetters, float64) (zeroq.Operation, error)

func operation(name, short, question string, begin begin) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   name + " QUEUE --all | --fingerprint FINGERPRINT | --id ID…",
		Short: short,
		Long:  short + ", whatever their number, and show how far it is.\nOn a terminal it asks back first, but for --id.",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: session.QueueNames,
	}
	flags := command.Flags()
	flags.BoolVar(&o.letters.All, "all", false, "all of them")
	flags.StringVar(&o.letters.Fingerprint, "fingerprint", "", "those of this error: see zeroq dead groups")
	flags.StringSliceVar(&o.letters.IDs, "id", nil, "those of these ids; may be repeated")
	flags.Float64Var(&o.rate, "rate", 0, "how many in a second at most; 0 is as fast as it goes")
	flags.BoolVar(&o.dryRun, "dry-run", false, "only say how many there are")
	flags.BoolVar(&o.yes, "yes", false, "do not ask back")
	flags.BoolVar(&o.detach, "detach", false, "do not wait for the end")
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		if err := o.check(); err != nil {
			return err
		}
		return o.run(ctx, s, args[0], question, begin)
	})
}

func (o *options) check() error {
	n := 0
	for _, set := range []bool{o.letters.All, o.letters.Fingerprint != "", len(o.letters.IDs) > 0} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return session.Usagef("say which dead letters: one of --all, --fingerprint and --id")
	case o.rate < 0:
		return session.Usagef("--rate must not be negative")
	}
	return nil
}

func (o *options) run(ctx context.Context, s *session.Session, queue, question string, begin begin) error {
	if o.dryRun {
		n, err := s.API.CountDead(ctx, queue, o.letters)
		if err != nil {
			return err
		}
		return s.Write(func() { fmt.Fprintln(s.Out, count(n)) })
	}
	if !o.yes && len(o.letters.IDs) == 0 {
		if err := s.Confirm(question, o.what(), session.Plain(queue)); err != nil {
			return err
		}
	}
	begun, err := begin(s.API, ctx, queue, o.letters, o.rate)
	if err != nil {
		return err
	}
	return s.FollowUnless(ctx, o.detach, begun)
}

// count is a number of dead letters.
func count(n int64) string {
	if n == 1 {
		return "1 dead letter"
	}
	return fmt.Sprint(n, " dead letters")
}

// what is how the question calls the dead letters.
func (o *options) what() string {
	if o.letters.All {
		return "all dead letters"
	}
	return "the dead letters of " + session.Plain(o.letters.Fingerprint)
}
