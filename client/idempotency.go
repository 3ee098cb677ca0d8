package client

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
)

type keyOfContext struct{}

// WithIdempotencyKey returns a context whose POST requests have the key: a request that was done
// already under the same key is not done again within a day, but answered as it was the first time.
// Calls of other meaning need other keys.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyOfContext{}, key)
}

func idempotencyKey(ctx context.Context) string {
	key, _ := ctx.Value(keyOfContext{}).(string)
	return key
}

// keyed gives a call that may be repeated a key, unless it has one.
func (c *Client) keyed(ctx context.Context, method string) context.Context {
	if c.retries == 0 || method != http.MethodPost || idempotencyKey(ctx) != "" {
		return ctx
	}
	return WithIdempotencyKey(ctx, rand.Text())
}

// partKey gives each request of a call that needs several a key of its own, made of the call's.
func partKey(ctx context.Context, part int) context.Context {
	key := idempotencyKey(ctx)
	if key == "" || part == 0 {
		return ctx
	}
	return WithIdempotencyKey(ctx, key+"-"+strconv.Itoa(part))
}
