package request

import (
	"bytes"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// parser reads JSON token by token. The decoder refuses duplicate names, invalid UTF-8 and whatever
// is no JSON.
type parser struct {
	*jsontext.Decoder
	raw    []byte
	buffer bytes.Buffer
}

// parsers are for bodies that are one object. None holds on to a body.
var parsers = sync.Pool{New: func() any { return &parser{Decoder: new(jsontext.Decoder)} }}

// over begins to read raw, where it is: the decoder does not copy what a buffer holds.
func (p *parser) over(raw []byte) {
	p.raw, p.buffer = raw, *bytes.NewBuffer(raw)
	p.Reset(&p.buffer)
}

func (p *parser) free() {
	p.over(nil)
	parsers.Put(p)
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

// objectOf reads a body that is one object and nothing else, as [parser.members] does.
func objectOf(raw []byte, want string, member func(p *parser, name string) error) error {
	p := parsers.Get().(*parser)
	defer p.free()
	p.over(raw)
	if err := p.begin('{', want); err != nil {
		return err
	}
	if err := p.members(func(name string) error { return member(p, name) }); err != nil {
		return err
	}
	return p.end()
}

// members has member read the value of each name, up to the end of the object.
func (p *parser) members(member func(name string) error) error {
	for p.PeekKind() != '}' {
		token, err := p.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		if err := member(token.String()); err != nil {
			return err
		}
	}
	return nil
}

// object reads a value that must be an object, as members does.
func (p *parser) object(name, want string, member func(name string) error) error {
	if p.PeekKind() != '{' {
		return p.wrongType(name, want)
	}
	if _, err := p.ReadToken(); err != nil {
		return syntaxError(err)
	}
	if err := p.members(member); err != nil {
		return err
	}
	_, err := p.ReadToken()
	return wrapSyntax(err)
}

// value returns the next value byte for byte.
func (p *parser) value(name string) ([]byte, error) {
	if kind := p.PeekKind(); kind != '{' && kind != '[' {
		return p.whole()
	}
	if openers(p.raw) <= MaxDepth { // they cannot be too deep
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

// openers counts what opens a level, or looks like it inside a string.
func openers(raw []byte) int {
	return bytes.Count(raw, []byte{'['}) + bytes.Count(raw, []byte{'{'})
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
