package session

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/zeroq-dev/zeroq/client"
)

// Session is one run of a command.
type Session struct {
	// API is asked by it.
	API *client.Client
	// JSON: what the API answers is written as it is.
	JSON bool
	// In, Out and Err are those of the command.
	In       io.Reader
	Out, Err io.Writer

	out      *output // Out
	address  string
	recorder *recorder
	color    bool
	// patience is how long, in ns, the command may go on that was interrupted.
	patience atomic.Int64
}

// Linger gives the command longer to say its last word once it is interrupted.
func (s *Session) Linger(d time.Duration) { s.patience.Store(int64(d)) }

func (s *Session) close() { s.recorder.transport.CloseIdleConnections() }

// Write writes what the API has answered since the last time: as JSON, or by show for people.
func (s *Session) Write(show func()) error {
	if !s.JSON {
		show()
		return nil
	}
	for _, answer := range s.recorder.take() {
		if err := s.writeJSON(answer); err != nil {
			return err
		}
	}
	return nil
}

// WriteLast is Write for a command that looks at one thing again and again: the last look counts.
func (s *Session) WriteLast(show func()) error {
	if !s.JSON {
		show()
		return nil
	}
	answers := s.recorder.take()
	for len(answers) > 0 {
		last := answers[len(answers)-1]
		if answers = answers[:len(answers)-1]; len(last) > 0 {
			return s.writeJSON(last)
		}
	}
	return nil
}

// writeJSON writes an object in one line, and a list with a line for each item.
func (s *Session) writeJSON(answer []byte) error {
	var list struct {
		Items *[]json.RawMessage `json:"items"`
		// Accepted stands in the answer to a batch, whose items are only a part of it.
		Accepted *int `json:"accepted"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil // an empty answer has nothing to write; a broken one was an error before
	}
	if list.Items == nil || list.Accepted != nil {
		return s.writeLine(answer)
	}
	for _, item := range *list.Items {
		if err := s.writeLine(item); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) writeLine(object []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, object); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err := s.Out.Write(line.Bytes())
	return err
}

// Say tells people something beside the output.
func (s *Session) Say(format string, args ...any) {
	fmt.Fprintln(s.Err, "zeroq:", Line(fmt.Errorf(format, args...)))
}

// Each does something with each of the ids. One that it cannot be done with does not keep it from the
// others, unless the API is away.
func (s *Session) Each(ids []string, do func(id string) error) error {
	failed := false
	for _, id := range ids {
		err := do(id)
		switch {
		case err == nil:
		case len(ids) == 1 || Unavailable(err) || timeIsOver(err):
			return err
		default:
			failed = true
			if Line(err) != "" {
				s.Say("%s: %w", id, explained(err))
			}
		}
	}
	if failed {
		return Failed
	}
	return nil
}

// timeIsOver tells whether err says that the time of the command is over.
func timeIsOver(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Confirm asks back before something that cannot be undone, if somebody is there to answer.
func (s *Session) Confirm(format string, args ...any) error {
	if !isTerminal(s.In) {
		return nil
	}
	fmt.Fprintf(s.Err, format+" [y/N] ", args...)
	answer, _ := bufio.NewReader(s.In).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return &Exit{Code: CodeFailed, Err: errors.New("nothing was done")}
	}
	return nil
}

// isTerminal tells whether people are at the other end of a stream.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
