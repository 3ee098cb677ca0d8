package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
)

// The codes that a command exits with.
const (
	CodeDone        = 0
	CodeFailed      = 1   // what was asked for was refused, or did not come out
	CodeUsage       = 2   // the command line is wrong; nothing was asked for
	CodeUnavailable = 3   // no API answers, or it cannot reach its broker
	CodeInterrupted = 130 // Ctrl-C, or SIGTERM
)

// errTimeout is how a command ends whose time is over.
var errTimeout = errors.New("the time that --timeout gave is over")

// Exit is an error that says with which code the command exits.
type Exit struct {
	Code int
	// Err is what it says; nil if nothing is left to be said.
	Err error
}

func (e *Exit) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *Exit) Unwrap() error { return e.Err }

// Usage says that the command line is wrong.
func Usage(err error) error { return &Exit{Code: CodeUsage, Err: err} }

// Usagef is [Usage] of a text.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// Failed is how a command ends that has said already what went wrong.
var Failed error = &Exit{Code: CodeFailed}

// Code is what a program exits with that ended with err.
func Code(err error) int {
	var exit *Exit
	switch {
	case err == nil:
		return CodeDone
	case errors.As(err, &exit):
		return exit.Code
	}
	return CodeFailed
}

// Line is err in one line, empty if it says nothing.
func Line(err error) string {
	return strings.Join(strings.FieldsFunc(Plain(err.Error()), func(r rune) bool { return r == '\n' || r == '\t' }), " ")
}

// Message is err in one line, but for the commands that may have been meant, which have lines of their
// own.
func Message(err error) string {
	const suggestion = "\n\nDid you mean this?\n"
	text := err.Error()
	at := strings.Index(text, suggestion)
	if Code(err) != CodeUsage || at < 0 {
		return Line(err)
	}
	lines := []string{Line(errors.New(text[:at])), "Did you mean this?"}
	for _, name := range strings.Fields(text[at+len(suggestion):]) {
		lines = append(lines, "  "+Plain(name))
	}
	return strings.Join(lines, "\n")
}

// Plain is text without anything that could move the cursor of a terminal or change its colours.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, text)
}

// ended is what a command ends with whose work ended with err: it says where the API was looked for if
// it is not there.
func (s *Session) ended(err error) error {
	var exit *Exit
	var field *zeroq.FieldError
	switch {
	case errors.As(err, &exit):
		return err
	case errors.As(err, &field): // the client has sent nothing
		return Usage(err)
	case strange(err):
		return &Exit{Code: CodeUnavailable, Err: fmt.Errorf("%s does not answer like a zeroq API: %w", s.address, err)}
	case !Unavailable(err):
		return explained(err)
	}
	var lost *url.Error
	if !errors.As(err, &lost) {
		return &Exit{Code: CodeUnavailable, Err: err}
	}
	cause := lost.Err
	var op *net.OpError
	if errors.As(cause, &op) {
		cause = op.Err
	}
	var call *os.SyscallError
	if errors.As(cause, &call) {
		cause = call.Err
	}
	return &Exit{Code: CodeUnavailable, Err: fmt.Errorf(
		"no API answers at %s: %w (--api or %s names another)", s.address, cause, apiEnv)}
}

// explained says which flag helps.
func explained(err error) error {
	if errors.Is(err, zeroq.ErrAmbiguousID) {
		return fmt.Errorf("409 ambiguous_id: %w; --queue says which is meant", zeroq.ErrAmbiguousID)
	}
	return err
}

// strange tells whether err is an answer that no zeroq API gives. What stands before one answers 502 to
// 504 in its own way.
func strange(err error) bool {
	var answer *client.Error
	if errors.As(err, &answer) {
		return answer.Code == "" && !Unavailable(err)
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}

// Unavailable tells whether err says that the API, or what it stands on, is away, so that nothing
// else will be answered either.
func Unavailable(err error) bool {
	var answer *client.Error
	if errors.As(err, &answer) {
		switch answer.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	var lost *url.Error
	return errors.As(err, &lost)
}
