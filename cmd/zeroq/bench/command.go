// Package bench is the command "zeroq bench": zeroq beside others on one machine, in one run.
package bench

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/internal/heap"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// options are what the command line says.
type options struct {
	rounds   int
	seconds  float64
	quick    bool
	markdown bool
	peers    map[string]string
	// play has this process be one contender instead.
	play, config string
}

// Command returns the command of a zeroq of that version.
func Command(version string) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "bench [CASE…]",
		Short: "Measure zeroq beside others on this machine",
		Long: "Measure zeroq beside others on this machine, each against redis-servers that\n" +
			"this command runs: plain go-redis, redis-benchmark, and the programs of --peer.\n\nThe cases, all of which run unless some are named:\n\n" + caseList(),
		Args: cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, args []string) error {
			if o.play != "" {
				return play(o.play, o.config, command.InOrStdin(), command.OutOrStdout(), version)
			}
			logx.Disable() // go-zero writes statistics on stdout
			chosen, s, err := o.choose(args)
			if err != nil {
				return err
			}
			if err := heap.GrowOthers(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			l, err := newLab(version, o.peers, s)
			if err != nil {
				return err
			}
			return ended(ctx, l.run(ctx, chosen, printer{out: command.OutOrStdout(), markdown: o.markdown}, command.ErrOrStderr()))
		},
	}
	flags := command.Flags()
	flags.IntVar(&o.rounds, "rounds", 3, "how often each contender runs each case")
	flags.Float64Var(&o.seconds, "seconds", 1.5, "about how long a run takes")
	flags.BoolVar(&o.quick, "quick", false, "one round of short runs: to see that it works, not for figures")
	flags.BoolVar(&o.markdown, "markdown", false, "write Markdown")
	flags.StringToStringVar(&o.peers, "peer", nil, "`NAME=PATH` of a program to run beside, such as asynq=bin/bench-asynq")
	flags.StringVar(&o.play, "play", "", "be this contender")
	flags.StringVar(&o.config, "config", "", "the config file of a contender that serves HTTP")
	command.MarkFlagsMutuallyExclusive("quick", "rounds")
	command.MarkFlagsMutuallyExclusive("quick", "seconds")
	_ = flags.MarkHidden("play") // fails only for a flag that is not there
	_ = flags.MarkHidden("config")
	return command
}

// choose returns the cases that are named, in the order in which they run, and the sizes.
func (o *options) choose(names []string) (chosen []suite, s sizes, err error) {
	switch {
	case o.rounds < 1:
		return nil, s, session.Usagef("--rounds must be at least 1")
	case o.seconds <= 0 || o.seconds > time.Minute.Seconds():
		return nil, s, session.Usagef("--seconds must be more than 0 and at most 60")
	}
	for _, name := range names {
		if !slices.ContainsFunc(suites, func(c suite) bool { return c.name == name }) {
			return nil, s, session.Usagef("there is no case %q: the cases are %s", name, strings.Join(caseNames(), ", "))
		}
	}
	for _, c := range suites {
		if len(names) == 0 || slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	s = full
	if o.quick {
		return chosen, quick, nil
	}
	s.rounds, s.run = o.rounds, time.Duration(o.seconds*float64(time.Second))
	return chosen, s, nil
}

func caseNames() (names []string) {
	for _, c := range suites {
		names = append(names, c.name)
	}
	return names
}

func caseList() string {
	var b strings.Builder
	for _, c := range suites {
		b.WriteString("  " + c.name + strings.Repeat(" ", 13-len(c.name)) + c.short + "\n")
	}
	return b.String()
}

// ended is what the command ends with.
func ended(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return &session.Exit{Code: session.CodeInterrupted}
	case errors.Is(err, redisserver.ErrNotFound):
		return errors.New("redis-server not found: it must be on PATH")
	}
	return err
}
