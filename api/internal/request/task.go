package request

import (
	"bytes"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// MaxDepth is how deep a task may be nested; the task itself is the first level.
const MaxDepth = 64

// Task reads one task from raw, which must hold a single JSON object and nothing else, and validates
// it. The task's data is a part of raw. An error is a [problem.Problem] or a [zeroq.FieldError].
func Task(raw []byte, now time.Time) (*zeroq.Task, error) {
	p := &parser{Decoder: jsontext.NewDecoder(bytes.NewBuffer(raw)), raw: raw}
	if err := p.begin('{', "a task must be a JSON object"); err != nil {
		return nil, err
	}
	task := &zeroq.Task{}
	for p.PeekKind() != '}' {
		if err := p.field(task); err != nil {
			return nil, err
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := task.Validate(now); err != nil {
		return nil, err
	}
	return task, nil
}

// parser reads JSON token by token. The decoder refuses duplicate names, invalid UTF-8 and whatever
// is no JSON.
type parser struct {
	*jsontext.Decoder
	raw []byte
}

func (p *parser) begin(kind jsontext.Kind, want string) error {
	token, err := p.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if token.Kind() != kind {
		return problem.Syntax("", want)
	}
	return nil
}

// end reads the end of the outermost value, and makes sure that nothing follows.
func (p *parser) end() error {
	if _, err := p.ReadToken(); err != nil {
		return syntaxError(err)
	}
	return p.eof()
}

func (p *parser) eof() error {
	switch _, err := p.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return problem.Syntax("", "there is something behind the JSON value")
	default:
		return syntaxError(err)
	}
}

// field reads one name and its value.
func (p *parser) field(task *zeroq.Task) error {
	token, err := p.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	name := token.String()
	read, ok := readers[name]
	if !ok {
		return unknownField(name)
	}
	return read(p, name, task)
}

// value returns the next value byte for byte.
func (p *parser) value(name string) ([]byte, error) {
	if kind := p.PeekKind(); kind != '{' && kind != '[' {
		return p.whole()
	}
	outside := p.StackDepth()
	if _, err := p.ReadToken(); err != nil {
		return nil, syntaxError(err)
	}
	start := p.InputOffset() - 1
	for p.StackDepth() > outside {
		if p.StackDepth() > MaxDepth {
			return nil, problem.Syntax(name, name+" is nested too deep")
		}
		if _, err := p.ReadToken(); err != nil {
			return nil, syntaxError(err)
		}
	}
	return p.raw[start:p.InputOffset():p.InputOffset()], nil
}

// whole returns the next value byte for byte, however deep it is nested.
func (p *parser) whole() ([]byte, error) {
	value, err := p.ReadValue()
	if err != nil {
		return nil, syntaxError(err)
	}
	end := p.InputOffset()
	return p.raw[end-int64(len(value)) : end : end], nil
}
