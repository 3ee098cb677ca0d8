package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
)

const (
	// maxAnswerBytes is how much of an answer's body is kept.
	maxAnswerBytes = 4 << 10
	// maxErrorText is how much of it an error shows.
	maxErrorText = 512
	// maxDrainBytes is how much more is read so that the connection can be used again.
	maxDrainBytes = 64 << 10
	maxRetryAfter = time.Hour
)

// answer is what came back for a request, and as JSON its result.
type answer struct {
	Status int `json:"status"`
	// Body is the beginning of the body, as valid UTF-8.
	Body string `json:"body"`
	// retryAfter is when the receiver wants to be asked again; zero when it did not say.
	retryAfter time.Duration
}

// readAnswer reads what is kept of a response and closes it. A body that breaks off is no failure:
// the status has said what became of the request.
func readAnswer(resp *http.Response) answer {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrainBytes)
	return answer{
		Status:     resp.StatusCode,
		Body:       clip(string(body), maxAnswerBytes),
		retryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
}

// outcome is the handler's answer to the request's.
func (a answer) outcome(ctx context.Context) error {
	switch {
	case a.Status/100 == 2:
		return zeroq.SetResult(ctx, a)
	case !a.retryable():
		return zeroq.Permanent(a.err())
	case a.retryAfter > 0:
		return zeroq.RetryAfter(a.retryAfter, a.err())
	}
	return a.err()
}

// retryable reports whether a later attempt may be answered otherwise. Statuses above 599 do not
// exist and count as 5xx.
func (a answer) retryable() bool {
	return a.Status >= 500 || a.Status == http.StatusRequestTimeout || a.Status == http.StatusTooManyRequests
}

// err quotes the body, so that it cannot forge lines of a log.
func (a answer) err() error {
	text := strings.TrimSpace(fmt.Sprintf("answered %d %s", a.Status, http.StatusText(a.Status)))
	if a.Body == "" {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %q", text, clip(a.Body, maxErrorText))
}

// clip returns the first n bytes of s as valid UTF-8, without half a character at the end.
func clip(s string, n int) string {
	if len(s) >= n {
		s = s[:n]
		for range utf8.UTFMax - 1 {
			if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// retryAfter reads the header Retry-After: seconds or a date. Zero, a time that is past, and what
// cannot be read mean that the retry policy decides, else a receiver could use all attempts up at
// once.
func retryAfter(value string, now time.Time) time.Duration {
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
}
