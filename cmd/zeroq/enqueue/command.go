// Package enqueue is the command "zeroq enqueue": one task from the command line, or any number from a
// file.
package enqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/task"
)

// options are what the command line says of the task.
type options struct {
	file string

	queue, id, runAt, priority, group, uniqueKey, uniqueMode string
	delay, uniqueFor, timeout, wait                          time.Duration
	maxAttempts                                              int
	headers                                                  []string
}

// waitTime is the value of --wait: how long, or true for as long as it takes, which is 0.
type waitTime time.Duration

// String is "true" for 0.
func (w waitTime) String() string {
	if w == 0 {
		return "true"
	}
	return time.Duration(w).String()
}

// Set reads a duration, or true.
func (w *waitTime) Set(text string) error {
	if *w = 0; text == w.String() {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("must not be negative")
	}
	*w = waitTime(d)
	return err
}

// Type has the help show a flag that needs no value.
func (w waitTime) Type() string { return session.OptionalDuration }

// Command returns the command.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "enqueue TYPE [DATA|-] | enqueue --file FILE|-",
		Short: "Put a task on its queue, or a file of tasks",
		Long: `Put one task on its queue and write its id. DATA is JSON, read from stdin if it
is "-", and null if it is not given.

With --file, put each line of a file of NDJSON on its queue, each a task as POST
/v1/tasks takes it. It is sent as it is read, however long it is. The exit code
is 1 if any line was rejected.`,
		Example: `  zeroq enqueue email '{"to":"ann@example.com"}' --queue mail --delay 10m
  zeroq enqueue report --unique-key daily --wait=30s
  zeroq enqueue --file tasks.ndjson`,
		Args: cobra.MaximumNArgs(2),
	}
	flags := command.Flags()
	flags.StringVar(&o.file, "file", "", `a file of tasks, "-" for stdin; no other flag on tasks goes with it`)
	flags.StringVar(&o.queue, "queue", "", `the queue, without it "`+zeroq.DefaultQueue+`"`)
	flags.StringVar(&o.id, "id", "", "the task's id; a second task of the id is refused")
	flags.DurationVar(&o.delay, "delay", 0, "start it after so long")
	flags.StringVar(&o.runAt, "run-at", "", "start it at this time, such as 2026-01-02T03:04:05Z")
	flags.StringVar(&o.priority, "priority", "", "high, normal or low")
	flags.StringVar(&o.group, "group", "", "run it after those of the group that are on the queue; needs a broker that keeps order")
	flags.StringVar(&o.uniqueKey, "unique-key", "", "a second task of the key is refused")
	flags.StringVar(&o.uniqueMode, "unique-mode", "", "until_started, until_finished (the default), for or debounce")
	flags.DurationVar(&o.uniqueFor, "unique-for", 0, "for how long, with --unique-mode for")
	flags.IntVar(&o.maxAttempts, "max-attempts", 0, fmt.Sprintf("how often it may start (default %d)", zeroq.DefaultMaxAttempts))
	flags.DurationVar(&o.timeout, "timeout", 0, "how long one attempt may take (default 30m)")
	flags.StringArrayVar(&o.headers, "header", nil, "NAME=VALUE to travel with it; may be repeated")
	flags.Var((*waitTime)(&o.wait), "wait", "wait until it is finished and show it; --wait=30s waits for so long")
	wait := flags.Lookup("wait")
	wait.NoOptDefVal, wait.DefValue = waitTime(0).String(), "" // which is not shown
	complete(command)
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		if o.file != "" {
			return o.lines(ctx, s, command, args)
		}
		return o.one(ctx, s, command.Flags().Changed("wait"), args)
	})
}

func complete(command *cobra.Command) {
	words := func(words ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	command.ValidArgsFunction = cobra.NoFileCompletions
	for flag, f := range map[string]cobra.CompletionFunc{
		"queue":       session.QueueFlag,
		"priority":    words("high", "normal", "low"),
		"unique-mode": words("until_started", "until_finished", "for", "debounce"),
	} {
		_ = command.RegisterFlagCompletionFunc(flag, f) // the flags are there
	}
}

// one enqueues the task of the command line.
func (o *options) one(ctx context.Context, s *session.Session, wait bool, args []string) error {
	t, err := o.task(s.In, args)
	if err != nil {
		return session.Usage(err)
	}
	if err := s.API.Enqueue(ctx, t); err != nil {
		return err
	}
	if !wait {
		return s.Write(func() { fmt.Fprintln(s.Out, t.ID) })
	}
	if o.wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.wait)
		defer cancel()
	}
	err = task.Wait(ctx, s, t.ID, t.Queue)
	if err != nil && o.wait > 0 && ctx.Err() != nil {
		return fmt.Errorf("task %s is on its queue, but has not finished after %s", t.ID, o.wait)
	}
	return err
}

func (o *options) task(stdin io.Reader, args []string) (*zeroq.Task, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("a task needs a type: zeroq enqueue TYPE [DATA]")
	}
	t := &zeroq.Task{
		Type: args[0], Queue: o.queue, ID: o.id, Delay: o.delay, Priority: zeroq.Priority(o.priority),
		Group: o.group, MaxAttempts: o.maxAttempts, Timeout: o.timeout,
	}
	for _, set := range []func(*zeroq.Task) error{
		func(t *zeroq.Task) error { return setData(t, stdin, args[1:]) }, o.setRunAt, o.setUnique, o.setHeaders,
	} {
		if err := set(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func setData(t *zeroq.Task, stdin io.Reader, args []string) error {
	if len(args) == 0 {
		return nil
	}
	t.Data = []byte(args[0])
	if args[0] == "-" {
		var err error
		if t.Data, err = io.ReadAll(io.LimitReader(stdin, zeroq.MaxDataBytes+1)); err != nil {
			return fmt.Errorf("stdin: %w", err)
		}
	}
	if !json.Valid(t.Data) && len(t.Data) <= zeroq.MaxDataBytes {
		return fmt.Errorf(`the data is no JSON; a text has quotes of its own: '"text"'`)
	}
	return nil
}

func (o *options) setRunAt(t *zeroq.Task) (err error) {
	if o.runAt == "" {
		return nil
	}
	if t.RunAt, err = time.Parse(time.RFC3339, o.runAt); err != nil {
		return fmt.Errorf("--run-at %q: want a time such as 2026-01-02T03:04:05Z", o.runAt)
	}
	return nil
}

func (o *options) setUnique(t *zeroq.Task) error {
	if o.uniqueKey == "" {
		if o.uniqueMode != "" || o.uniqueFor != 0 {
			return fmt.Errorf("--unique-mode and --unique-for need --unique-key")
		}
		return nil
	}
	t.Unique = &zeroq.Unique{Key: o.uniqueKey, Mode: zeroq.UniqueMode(o.uniqueMode), For: o.uniqueFor}
	return nil
}

func (o *options) setHeaders(t *zeroq.Task) error {
	for _, header := range o.headers {
		name, value, ok := strings.Cut(header, "=")
		if !ok {
			return fmt.Errorf("--header %q: want NAME=VALUE", header)
		}
		zeroq.Header(name, value)(t)
	}
	return nil
}

// open opens the file, and tells its size, or -1.
func (o *options) open(stdin io.Reader) (io.ReadCloser, int64, error) {
	if o.file == "-" {
		return io.NopCloser(stdin), -1, nil
	}
	file, err := os.Open(o.file)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return file, -1, nil // the size is only shown
	}
	return file, info.Size(), nil
}
