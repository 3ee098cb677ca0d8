package request

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// Tasks splits the body of a batch, {"tasks":[…]}, into its tasks. They are valid JSON but for what
// only [Task] refuses, so that one bad task does not spoil the others: names that stand there twice,
// invalid UTF-8, and too many levels.
func Tasks(body []byte) ([][]byte, error) {
	lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	p := &parser{Decoder: jsontext.NewDecoder(bytes.NewBuffer(flat(body)), lenient...), raw: body}
	if err := p.begin('{', `a batch must be a JSON object with "tasks"`); err != nil {
		return nil, err
	}
	var tasks [][]byte
	for p.PeekKind() != '}' {
		name, err := p.ReadToken()
		switch {
		case err != nil:
			return nil, syntaxError(err)
		case name.String() != "tasks":
			return nil, unknownField(name.String())
		case tasks != nil:
			return nil, problem.Syntax("tasks", "tasks stands there twice")
		}
		if tasks, err = p.list("tasks"); err != nil {
			return nil, err
		}
	}
	if tasks == nil && p.PeekKind() == '}' {
		return nil, problem.Field("tasks", "tasks is missing")
	}
	return tasks, p.end()
}

// list reads an array of at most MaxBatchTasks values.
func (p *parser) list(name string) ([][]byte, error) {
	if p.PeekKind() != '[' {
		return nil, p.wrongType(name, "an array of tasks")
	}
	if _, err := p.ReadToken(); err != nil {
		return nil, syntaxError(err)
	}
	items := [][]byte{}
	for p.PeekKind() != ']' {
		if len(items) == MaxBatchTasks {
			return nil, problem.Large(name, fmt.Sprintf("%s has over %d tasks", name, MaxBatchTasks))
		}
		value, err := p.whole()
		if err != nil {
			return nil, err
		}
		items = append(items, value)
	}
	_, err := p.ReadToken()
	return items, wrapSyntax(err)
}
