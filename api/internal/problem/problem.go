// Package problem says what an error is over HTTP: its status, its stable code, and what the client
// may read.
package problem

import (
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// The codes. They are part of the contract: clients branch on them.
const (
	InvalidJSON          = "invalid_json"
	InvalidField         = "invalid_field"
	UnknownField         = "unknown_field"
	UnknownQueue         = "unknown_queue"
	InvalidParameter     = "invalid_parameter"
	BadRequest           = "bad_request"
	Unsupported          = "unsupported"
	CrossOrigin          = "cross_origin"
	UntrustedHost        = "untrusted_host"
	NotFound             = "not_found"
	MethodNotAllowed     = "method_not_allowed"
	RequestTimeout       = "request_timeout"
	Duplicate            = "duplicate"
	AmbiguousID          = "ambiguous_id"
	TooLarge             = "too_large"
	UnsupportedMediaType = "unsupported_media_type"
	Cancelled            = "cancelled"
	Internal             = "internal"
	Unavailable          = "unavailable"
	Full                 = "full"
	Overloaded           = "overloaded"
	Timeout              = "timeout"
	Format               = "format"
	WrongState           = "wrong_state"
	Unreadable           = "unreadable"
	QueueFull            = "queue_full"
	Draining             = "draining"
	InProgress           = "in_progress"
	KeyReused            = "idempotency_key_reused"
)

// StatusCancelled is the status of a request whose client has gone; nobody reads it.
const StatusCancelled = 499

// Problem is an error as a client sees it.
type Problem struct {
	// Status is the HTTP status.
	Status int
	// Code is one of the codes.
	Code string
	// Message is for people.
	Message string
	// Field is the field or parameter that is wrong; empty if it is none.
	Field string
	// TaskID is the task that stands in the way; empty if it is none.
	TaskID string
}

func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// RetryAfter is how many seconds a client should wait before it tries again; 0 if that is of no use.
func (p *Problem) RetryAfter() int {
	switch p.Code {
	case Full:
		return 10
	case Unavailable, Overloaded, Timeout:
		return 2
	case QueueFull, Draining, InProgress:
		return 1
	default:
		return 0
	}
}

// Body is the body of the answer.
func (p *Problem) Body() *types.ErrorAnswer { return &types.ErrorAnswer{Error: p.Item()} }

// Item is the problem inside a larger answer.
func (p *Problem) Item() types.Error {
	return types.Error{Code: p.Code, Message: p.Message, Field: p.Field, TaskId: p.TaskID}
}

// Syntax is a body that is no JSON, or not the JSON that is asked for. field may be empty.
func Syntax(field, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: InvalidJSON, Field: field, Message: message}
}

// Field is a field that is out of its limits.
func Field(field, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: InvalidField, Field: field, Message: message}
}

// Unknown is a field that does not exist, or cannot be set over HTTP.
func Unknown(field, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: UnknownField, Field: field, Message: message}
}

// Host is a request that was sent to a name which is not the API's.
func Host() *Problem {
	return &Problem{Status: http.StatusForbidden, Code: UntrustedHost,
		Message: "this API does not answer to the name in the header Host; its TrustedHosts can add one"}
}

// Parameter is a part of the URL that is wrong.
func Parameter(name, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: InvalidParameter, Field: name, Message: message}
}

// Large is a body, or a part of it, that is over its limit. field may be empty.
func Large(field, message string) *Problem {
	return &Problem{Status: http.StatusRequestEntityTooLarge, Code: TooLarge, Field: field, Message: message}
}

// MediaType is a body of a kind that is not read.
func MediaType(message string) *Problem {
	return &Problem{Status: http.StatusUnsupportedMediaType, Code: UnsupportedMediaType, Message: message}
}

// Stopping is the answer of a server that is about to end.
func Stopping() *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Code: Unavailable, Message: "the server is stopping"}
}

// InProgressNow is a request whose idempotency key is that of one which is being answered.
func InProgressNow() *Problem {
	return &Problem{Status: http.StatusConflict, Code: InProgress,
		Message: "a request with this Idempotency-Key is being answered"}
}

// ReusedKey is a request whose idempotency key was used for another one.
func ReusedKey() *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Code: KeyReused,
		Message: "this Idempotency-Key was used for another request"}
}
