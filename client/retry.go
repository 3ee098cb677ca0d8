package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// WithRetries repeats a call up to n times that got no answer, or one that asks to come back: the
// broker is away, a limit is reached. The pause between is what the API says, or 200 ms, doubled
// each time up to 5 s. So that nothing is done twice, each POST has an Idempotency-Key then.
// [Client.EnqueueBatch] and [Client.EnqueueLines] are not repeated.
func WithRetries(n int) Option { return func(c *Client) { c.retries = max(n, 0) } }

const (
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// repeatable tells whether a call that ended with err may end better if it is made again.
func repeatable(err error) bool {
	var answer *Error
	if errors.As(err, &answer) {
		switch answer.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return answer.Code == "in_progress"
	}
	var lost *url.Error
	return errors.As(err, &lost) || errors.Is(err, io.ErrUnexpectedEOF)
}

// delay is how long to wait after the try that ended with err; the first try is 0.
func delay(err error, try int) time.Duration {
	var answer *Error
	if errors.As(err, &answer) && answer.RetryAfter > 0 {
		return answer.RetryAfter
	}
	return min(firstPause<<min(try, 10), mostPause)
}

// pause returns after d, or with the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
