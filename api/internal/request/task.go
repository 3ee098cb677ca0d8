package request

import (
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
)

// MaxDepth is how deep a task may be nested; the task itself is the first level.
const MaxDepth = 64

// Task reads one task from raw, which must hold a single JSON object and nothing else, and validates
// it. The task's data is a part of raw. An error is a [problem.Problem] or a [zeroq.FieldError].
func Task(raw []byte, now time.Time) (*zeroq.Task, error) {
	task := &zeroq.Task{}
	err := objectOf(raw, "a task must be a JSON object", func(p *parser, name string) error {
		return p.field(name, name, task)
	})
	if err != nil {
		return nil, err
	}
	if err := admission.CheckRest(task, now); err != nil { // the parser has seen to its data
		return nil, err
	}
	return task, nil
}

// field reads the value of the field key, which is called name in errors.
func (p *parser) field(key, name string, task *zeroq.Task) error {
	read, ok := readers[key]
	if !ok {
		return unknownMember(key, name)
	}
	return read(p, name, task)
}
