package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// The limits of bodies.
const (
	MaxTaskBytes  = 1 << 20
	MaxBatchBytes = 8 << 20
	MaxBatchTasks = 1000
)

// The media types that are read.
const (
	JSON   = "application/json"
	NDJSON = "application/x-ndjson"
)

// MediaType returns the type of the body, which must be one of those given.
func MediaType(r *http.Request, accepted ...string) (string, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return "", problem.MediaType("a body with a Content-Encoding is not read")
	}
	contentType := r.Header.Get("Content-Type")
	if slices.Contains(accepted, contentType) { // as most clients write it
		return contentType, nil
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || !slices.Contains(accepted, mediaType) {
		return "", problem.MediaType("Content-Type must be " + strings.Join(accepted, " or "))
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "", problem.MediaType("the charset must be utf-8")
	}
	return mediaType, nil
}

// Body reads a whole body of at most limit bytes, whether its length was announced or not. body is
// that of r, or a reader of it.
func Body(r *http.Request, body io.ReadCloser, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if r.ContentLength >= 0 {
		whole := make([]byte, r.ContentLength) // net/http ends the body there
		if _, err := io.ReadFull(body, whole); err != nil {
			return nil, ReadError(err)
		}
		return whole, nil
	}
	var buffer bytes.Buffer
	if _, err := buffer.ReadFrom(http.MaxBytesReader(nil, body, limit)); err != nil {
		return nil, ReadError(err)
	}
	return buffer.Bytes(), nil
}

// ReadError says what a failed read of the body means.
func ReadError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return problem.OfStatus(http.StatusRequestTimeout)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return problem.Syntax("", "the body ends too early")
	}
	bad := problem.OfStatus(http.StatusBadRequest)
	bad.Message = "the body cannot be read"
	return bad
}

func tooLarge(limit int64) error {
	return problem.Large("", fmt.Sprintf("the body is over %d bytes", limit))
}
