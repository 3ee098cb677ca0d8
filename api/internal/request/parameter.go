package request

import (
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
