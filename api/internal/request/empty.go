package request

import (
	"bytes"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// Empty makes sure that a request which takes no body has none, or {}.
func Empty(r *http.Request) error {
	body, err := Body(r, r.Body, MaxTaskBytes)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if _, err := MediaType(r, JSON); err != nil {
		return err
	}
	return objectOf(body, "the body must be empty or {}", func(_ *parser, name string) error {
		return problem.Unknown(cut(name), "this takes no fields")
	})
}

// Object reads the body of a request that takes one JSON object.
func Object(r *http.Request) ([]byte, error) {
	if _, err := MediaType(r, JSON); err != nil {
		return nil, err
	}
	return Body(r, r.Body, MaxTaskBytes)
}
