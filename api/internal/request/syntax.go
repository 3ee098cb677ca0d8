package request

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// wrapSyntax is syntaxError for an error that may be nil.
func wrapSyntax(err error) error {
	if err == nil {
		return nil
	}
	return syntaxError(err)
}

// syntaxError says what the decoder did not like, without the text that it quotes from the body.
func syntaxError(err error) error {
	if err == io.EOF {
		return problem.Syntax("", "the body is empty")
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return problem.Syntax("", "the body is not valid JSON")
	}
	field := ""
	for token := range syntax.JSONPointer.Tokens() {
		field = cut(token)
		break
	}
	return problem.Syntax(field, fmt.Sprintf("%s, at byte %d", reason(syntax), syntax.ByteOffset))
}

func reason(err *jsontext.SyntacticError) string {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "a name stands there twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON ends too early"
	case strings.Contains(err.Err.Error(), "UTF-8"):
		return "the text is not valid UTF-8"
	default:
		return "this is not valid JSON"
	}
}
