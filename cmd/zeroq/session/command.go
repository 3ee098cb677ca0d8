package session

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/client"
)

// flags are those of every command on an API.
type flags struct {
	api     string
	json    bool
	timeout time.Duration
}

const (
	defaultAPI = "http://127.0.0.1:8888"
	apiEnv     = "ZEROQ_API"
	// timeoutFlag is the name of the flag that bounds a command, unless the command has another use for
	// the name.
	timeoutFlag = "timeout"
	// grace is how long an interrupted command has to say its last word.
	grace = 250 * time.Millisecond
)

// New completes a command with the flags of a session. run is what it does: its context ends when the
// command is interrupted, or its time is over.
func New(command *cobra.Command, run func(ctx context.Context, s *Session, args []string) error) *cobra.Command {
	var f flags
	set := command.Flags()
	set.StringVar(&f.api, "api", apiAddress(), "where the API is; "+apiEnv+" sets it too")
	set.BoolVar(&f.json, "json", false, "write what the API answers: an object, or one a line for lists")
	if set.Lookup(timeoutFlag) == nil {
		set.DurationVar(&f.timeout, timeoutFlag, 0, "give up after so long, such as 30s")
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := checkDurations(set); err != nil {
			return err
		}
		s, err := open(command, f)
		if err != nil {
			return Usage(err)
		}
		defer s.close()
		err = s.ended(s.run(command.Context(), f.timeout, func(ctx context.Context) error { return run(ctx, s, args) }))
		if err == nil {
			err = s.out.failed()
		}
		return err
	}
	return command
}

// checkDurations refuses negative ones.
func checkDurations(set *pflag.FlagSet) (err error) {
	set.Visit(func(f *pflag.Flag) {
		if d, none := set.GetDuration(f.Name); none == nil && d < 0 {
			err = Usagef("--%s must not be negative", f.Name)
		}
	})
	return err
}

func apiAddress() string {
	if address := os.Getenv(apiEnv); address != "" {
		return address
	}
	return defaultAPI
}

func open(command *cobra.Command, f flags) (*Session, error) {
	logx.Disable() // go-zero writes on stdout that a signal came, which is no answer of an API
	address := f.api
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	out := &output{to: command.OutOrStdout()}
	s := &Session{
		JSON: f.json, In: command.InOrStdin(), Out: out, Err: command.ErrOrStderr(),
		out:      out,
		address:  address,
		recorder: &recorder{transport: http.DefaultTransport.(*http.Transport).Clone(), bodies: f.json},
	}
	s.color = isTerminal(out.to) && os.Getenv("NO_COLOR") == ""
	var err error
	s.API, err = client.New(address, client.WithHTTPClient(&http.Client{Transport: s.recorder}))
	return s, err
}

// run returns what f returns, or soon after the command is interrupted, whatever f waits for.
func (s *Session) run(ctx context.Context, timeout time.Duration, f func(context.Context) error) error {
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx = interrupted
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errTimeout)
		defer cancel()
	}
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(max(grace, time.Duration(s.patience.Load()))):
			err = ctx.Err()
		}
	}
	switch {
	case err == nil:
		return nil
	case interrupted.Err() != nil:
		return &Exit{Code: CodeInterrupted, Err: lastWord(err)}
	case ctx.Err() == nil:
		return err
	}
	if word := lastWord(err); word != nil {
		return &Exit{Code: CodeFailed, Err: word}
	}
	return &Exit{Code: CodeFailed, Err: errTimeout}
}

// lastWord is what a command says that had to end, unless that is only that it had to.
func lastWord(err error) error {
	var word *Exit
	if errors.As(err, &word) {
		return word.Err
	}
	return nil
}
