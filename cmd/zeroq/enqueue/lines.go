package enqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// withFile are the flags that go with --file: the others say what a task is like.
var withFile = map[string]bool{"file": true, "api": true, "json": true}

// lines enqueues a file.
func (o *options) lines(ctx context.Context, s *session.Session, command *cobra.Command, args []string) error {
	var other string
	command.Flags().Visit(func(f *pflag.Flag) {
		if !withFile[f.Name] {
			other = f.Name
		}
	})
	switch {
	case len(args) > 0:
		return session.Usagef("with --file, no task goes on the command line")
	case other != "":
		return session.Usagef("--%s does not go with --file: each line says what its task is like", other)
	}
	file, size, err := o.open(s.In)
	if err != nil {
		return session.Usage(err)
	}
	defer func() { _ = file.Close() }()
	bar := s.Bar("enqueueing", size, true)
	input := &counter{reader: file, bar: bar, stopped: ctx.Done()}
	s.Linger(answerTime + time.Second)
	result, err := send(ctx, s.API, input)
	bar.Close()
	if ctx.Err() != nil {
		return interrupted(s, result, err)
	}
	if failed := input.failed(); failed != nil { // the client takes it for an API that is away
		return fmt.Errorf("the file was not read to its end: %w", failed)
	}
	if err != nil {
		return err
	}
	if err := s.Write(func() { summarize(s, result) }); err != nil {
		return err
	}
	return report(s, result, input)
}

// answerTime is how long the API has to tell how many tasks are in when the command is interrupted.
const answerTime = 2 * time.Second

// send sends the lines. When ctx ends the input does, and the API has a while to answer; it is not waited
// for any longer, also while a read of the input hangs.
func send(ctx context.Context, api *client.Client, input io.Reader) (result *client.BatchResult, err error) {
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(answerTime, cancel) })
	defer stop()
	type answer struct {
		result *client.BatchResult
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		result, err := api.EnqueueLines(asking, input)
		answered <- answer{result, err}
	}()
	select {
	case a := <-answered:
		return a.result, a.err
	case <-asking.Done():
		return nil, asking.Err()
	}
}

// interrupted says how many tasks are in when the file was not sent to its end.
func interrupted(s *session.Session, result *client.BatchResult, err error) error {
	text := "the file was not sent to its end, and the API did not say how many tasks are in"
	if err == nil {
		text = "the file was not sent to its end"
		if err := s.Write(func() { summarize(s, result) }); err != nil {
			return err
		}
	}
	return &session.Exit{Code: session.CodeFailed, Err: errors.New(text)}
}

func summarize(s *session.Session, result *client.BatchResult) {
	fmt.Fprintf(s.Out, "accepted %d, rejected %d\n", result.Accepted, result.Rejected)
}

// report says which lines are not in, and why.
func report(s *session.Session, result *client.BatchResult, input *counter) error {
	for _, item := range result.Items {
		if item.Err != nil {
			s.Say("line %d: %w", input.line(item.Index), item.Err)
		}
	}
	if result.Err != nil {
		return fmt.Errorf("the file was not read to its end: %w", result.Err)
	}
	if result.Rejected > 0 {
		return session.Failed
	}
	return nil
}

// counter passes lines on and notes which of them are blank, as the API does not count these. It may
// still be read when the API has answered.
type counter struct {
	reader io.Reader
	bar    *session.Bar
	// stopped: the lines end behind the one at hand.
	stopped <-chan struct{}

	mu sync.Mutex
	// blank are the numbers of the blank lines; the first line is 1.
	blank []int
	// lines is how many have ended, text whether the one at hand has any.
	lines int
	text  bool
	// open: what was read last is not the end of a line.
	open bool
	// err is what kept the reader from its end.
	err error
}

// Read is that of the reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.read(p)
	c.bar.Add(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	for rest := p[:n]; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		c.text = c.text || len(bytes.TrimSpace(line)) > 0
		if rest = after; !ended {
			break
		}
		c.lines++
		if !c.text {
			c.blank = append(c.blank, c.lines)
		}
		c.text = false
	}
	return n, err
}

// read reads from the reader until it is stopped, and then to the end of the line at hand.
func (c *counter) read(p []byte) (int, error) {
	select {
	case <-c.stopped:
	default:
		n, err := c.reader.Read(p)
		c.open = n > 0 && p[n-1] != '\n' || n == 0 && c.open
		return n, err
	}
	if !c.open {
		return 0, io.EOF
	}
	n, err := c.reader.Read(p)
	if end := bytes.IndexByte(p[:n], '\n'); end >= 0 {
		c.open = false
		return end + 1, io.EOF
	}
	return n, err
}

// failed is what kept the reader from its end, nil if nothing did.
func (c *counter) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// line is the number of the line of an item.
func (c *counter) line(index int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := index + 1
	for _, blank := range c.blank {
		if blank > line {
			break
		}
		line++
	}
	return line
}
