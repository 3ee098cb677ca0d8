package idempotency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
)

// maxKey bounds a key in bytes.
const maxKey = 255

// identify reads the key and the whole body, and puts back a body that can be read again. The
// fingerprint is that of everything that makes the request what it is.
func identify(w http.ResponseWriter, r *http.Request) (key, fingerprint string, err error) {
	values := r.Header[Header]
	if len(values) != 1 || !validKey(values[0]) {
		return "", "", problem.Parameter(Header, fmt.Sprintf("%s must be one value of 1 to %d visible ASCII characters", Header, maxKey))
	}
	body, err := request.Body(r, request.Patient(w, r), request.MaxBatchBytes)
	if err != nil {
		return "", "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	sum := sha256.New()
	// None of the parts before the body can have a line end.
	fmt.Fprintf(sum, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
	sum.Write(body)
	return values[0], hex.EncodeToString(sum.Sum(nil)), nil
}

func validKey(key string) bool {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}
