package request

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// MaxWait is the longest that a request waits for the end of a task.
const MaxWait = 60 * time.Second

// Wait reads the parameter wait: empty is 0, and more than [MaxWait] is MaxWait.
func Wait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil {
		return 0, problem.Parameter("wait", `wait must be a duration such as "30s"`)
	}
	if wait < 0 {
		return 0, problem.Parameter("wait", "wait must not be negative")
	}
	return min(wait, MaxWait), nil
}

// TaskID checks an id in the path: one that a client may choose, or that the queue has chosen.
func TaskID(id string) error {
	if _, _, _, ours := taskid.Parse(id); ours || zeroq.ValidID(id) {
		return nil
	}
	return problem.Parameter("id", "id is not the id of a task")
}

// QueueName checks a queue in the path or the query.
func QueueName(name string) error {
	if err := zeroq.ValidateQueue(name); err != nil {
		return problem.Parameter("queue", err.Error())
	}
	return nil
}

// State reads the parameter state, which must be there.
func State(text string) (zeroq.State, error) {
	state := zeroq.State(text)
	if !slices.Contains(zeroq.States, state) {
		return "", problem.Parameter("state", fmt.Sprintf("state must be one of %v", zeroq.States))
	}
	return state, nil
}

// TypeName checks a task type in the query; empty is any.
func TypeName(name string) error {
	if name == "" {
		return nil
	}
	if err := (&zeroq.Task{Type: name}).Validate(time.Time{}); err != nil {
		return problem.Parameter("type", err.Error())
	}
	return nil
}

// Fingerprint checks a fingerprint in the query; empty is any.
func Fingerprint(text string) error {
	if len(text) > MaxFingerprint {
		return problem.Parameter("fingerprint", fmt.Sprintf("fingerprint is over %d bytes", MaxFingerprint))
	}
	return nil
}

var operationID = regexp.MustCompile(`^op~[a-z0-9][a-z0-9_-]{0,63}~[A-Za-z0-9]{1,32}$`)

// OperationID checks an id of an operation in the path. The API chooses all of them, so one that cannot
// be an id is not known.
func OperationID(id string) error {
	if !operationID.MatchString(id) {
		return zeroq.ErrNotFound
	}
	return nil
}

// ScheduleName checks a name in the path: the rule is that of queues.
func ScheduleName(name string) error {
	if zeroq.ValidateQueue(name) != nil {
		return problem.Parameter("name", "name must be 1 to 64 of a-z0-9_- and begin with a letter or digit")
	}
	return nil
}
