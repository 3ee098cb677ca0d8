package problem

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/zeroq-dev/zeroq"
)

// mapping is what a cause is over HTTP.
type mapping struct {
	cause   error
	problem Problem
}

// mappings has every cause that a client may learn of. Any other is internal.
var mappings = []mapping{
	{zeroq.ErrUnknownQueue, Problem{http.StatusBadRequest, UnknownQueue,
		"tasks may not be put on this queue", "queue", ""}},
	{zeroq.ErrInvalidTask, Problem{http.StatusBadRequest, InvalidField, "the task is not valid", "", ""}},
	{zeroq.ErrUnsupported, Problem{http.StatusBadRequest, Unsupported, "the broker cannot do this", "", ""}},
	{zeroq.ErrNotFound, Problem{http.StatusNotFound, NotFound, "nothing of this name is known", "", ""}},
	{zeroq.ErrDuplicateID, Problem{http.StatusConflict, Duplicate, "a task of this id exists", "id", ""}},
	{zeroq.ErrDuplicate, Problem{http.StatusConflict, Duplicate,
		"another task has this unique key", "unique", ""}},
	{zeroq.ErrWrongState, Problem{http.StatusConflict, WrongState, "the task is in the wrong state", "", ""}},
	{zeroq.ErrUnreadable, Problem{http.StatusConflict, Unreadable,
		"the task's message cannot be read, so it cannot run", "", ""}},
	{zeroq.ErrQueueFull, Problem{http.StatusTooManyRequests, QueueFull,
		"as many tasks wait as the queue may have", "", ""}},
	{zeroq.ErrDraining, Problem{http.StatusTooManyRequests, Draining,
		"the queue takes no new tasks until it is empty", "", ""}},
	{zeroq.ErrAmbiguousID, Problem{http.StatusConflict, AmbiguousID,
		"more than one queue has a task of this id: say which with ?queue=", "queue", ""}},
	{zeroq.ErrUnavailable, Problem{http.StatusServiceUnavailable, Unavailable,
		"the broker cannot be reached", "", ""}},
	{zeroq.ErrStoreFull, Problem{http.StatusServiceUnavailable, Full,
		"the broker has no memory left for more tasks", "", ""}},
	{zeroq.ErrFormat, Problem{http.StatusServiceUnavailable, Format,
		"the broker holds data of a newer format than this server knows", "", ""}},
	{context.DeadlineExceeded, Problem{http.StatusServiceUnavailable, Timeout,
		"the broker did not answer in time", "", ""}},
	{context.Canceled, Problem{StatusCancelled, Cancelled, "the client has gone", "", ""}},
}

// Of says what err is over HTTP. It is the only place that decides so. hidden is true when the
// error's text must not reach the client, and so must be logged to be seen at all.
func Of(err error) (p *Problem, hidden bool) {
	if errors.As(err, &p) {
		return p, false
	}
	var field *zeroq.FieldError
	if errors.As(err, &field) {
		return Field(field.Field, field.Error()), false
	}
	for _, m := range mappings {
		if errors.Is(err, m.cause) {
			known := m.problem
			known.tell(err)
			return &known, false
		}
	}
	return OfStatus(http.StatusInternalServerError), true
}

// tell adds what errors that know more than their cause have to say.
func (p *Problem) tell(err error) {
	var duplicate *zeroq.DuplicateError
	if errors.As(err, &duplicate) {
		p.TaskID = duplicate.TaskID
	}
	var state *zeroq.StateError
	if errors.As(err, &state) {
		p.Message = state.Error()
	}
}

// unknownOutcome is what a client needs to know when the answer of the broker is missing.
const unknownOutcome = ": the task may or may not be in; with an id that you choose it is safe to send it again"

// OfEnqueue is an error of an enqueue with what it means for the task: a duplicate names the task that
// it is a duplicate of, and one that leaves open whether the task is in says so. Any other error stays
// as it is.
func OfEnqueue(err error, id string) error {
	var known *Problem
	if err == nil || errors.As(err, &known) {
		return err
	}
	p, _ := Of(err)
	switch p.Code {
	case Duplicate:
		p.TaskID = cmp.Or(p.TaskID, id)
	case Unavailable, Timeout:
		p.Message += unknownOutcome
	default:
		return err
	}
	return p
}

// InField is err with the field in which the client sent what is wrong, where that is a part of
// something else.
func InField(field string, err error) error {
	p, hidden := Of(err)
	if hidden {
		return err
	}
	p.Field = field
	return p
}

// OfStatus is what a bare status means, as go-zero's parts and net/http answer with.
func OfStatus(status int) *Problem {
	code, message := BadRequest, "the request is not valid"
	switch status {
	case http.StatusForbidden:
		code, message = CrossOrigin, "pages of other sites may not send this"
	case http.StatusNotFound:
		code, message = NotFound, "there is no such path"
	case http.StatusMethodNotAllowed:
		code, message = MethodNotAllowed, "this path does not take this method"
	case http.StatusRequestTimeout:
		code, message = RequestTimeout, "the body did not come in time"
	case http.StatusRequestEntityTooLarge:
		code, message = TooLarge, "the body is too large"
	case http.StatusUnsupportedMediaType:
		code, message = UnsupportedMediaType, "a body of this kind is not read"
	case StatusCancelled:
		code, message = Cancelled, "the client has gone"
	case http.StatusServiceUnavailable:
		code, message = Overloaded, "the server has too much to do"
	default:
		if status >= http.StatusInternalServerError {
			code, message = Internal, "something went wrong in the server"
		}
	}
	return &Problem{Status: status, Code: code, Message: message}
}
