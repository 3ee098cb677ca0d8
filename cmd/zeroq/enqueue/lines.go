package enqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

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
	input := &counter{reader: file, bar: bar}
	result, err := s.API.EnqueueLines(ctx, input)
	bar.Close()
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

	mu sync.Mutex
	// blank are the numbers of the blank lines; the first line is 1.
	blank []int
	// lines is how many have ended, text whether the one at hand has any.
	lines int
	text  bool
	// err is what kept the reader from its end.
	err error
}

// Read is that of the reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
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
