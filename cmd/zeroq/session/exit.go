package session

import (
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
	case !Unavailable(err):
		return err
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
