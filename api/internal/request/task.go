package request

import (
	"time"

	"github.com/zeroq-dev/zeroq"
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
	if err := validate(task, now); err != nil {
		return nil, err
	}
	return task, nil
}

// validate is Validate of a task whose data the parser has found to be JSON, which need not be read again.
func validate(task *zeroq.Task, now time.Time) error {
	if len(task.Data) > zeroq.MaxDataBytes {
		return task.Validate(now)
	}
	data := task.Data
	task.Data = nil
	err := task.Validate(now)
	task.Data = data
	return err
}

// field reads the value of the field key, which is called name in errors.
func (p *parser) field(key, name string, task *zeroq.Task) error {
	read, ok := readers[key]
	if !ok {
		return unknownMember(key, name)
	}
	return read(p, name, task)
}
