package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// Client calls the API. It may be used by any number of goroutines. No call is repeated unless
// [WithRetries] says so, and none has a timeout but that of its context, whose trace context goes with it.
type Client struct {
	base    string
	http    *http.Client
	header  http.Header
	retries int
}

var _ zeroq.Enqueuer = (*Client)(nil)

// Option changes a [Client].
type Option func(*Client)

// WithHTTPClient makes calls through client. Default: http.DefaultClient. A Timeout of it must be
// longer than [Client.Wait] waits at a time, which is 30 s.
func WithHTTPClient(client *http.Client) Option { return func(c *Client) { c.http = client } }

// WithHeader sends a header with each request, such as one that a proxy asks for.
func WithHeader(name, value string) Option { return func(c *Client) { c.header.Set(name, value) } }

// New returns a client of the API at baseURL, such as "http://127.0.0.1:8888".
func New(baseURL string, options ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("base URL %q: want http://host:port", u.Redacted())
	}
	c := &Client{base: strings.TrimSuffix(u.String(), "/"), http: http.DefaultClient, header: make(http.Header)}
	for _, option := range options {
		option(c)
	}
	return c, nil
}

// get decodes the answer to a GET into answer.
func (c *Client) get(ctx context.Context, path string, answer any) error {
	_, err := c.do(ctx, http.MethodGet, path, nil, answer)
	return err
}

func (c *Client) post(ctx context.Context, path string, body []byte, answer any) error {
	_, err := c.do(ctx, http.MethodPost, path, body, answer)
	return err
}

// do sends JSON, as often as it takes, and decodes the answer into answer, unless that is nil. A nil
// body is none.
func (c *Client) do(ctx context.Context, method, path string, body []byte, answer any) (status int, err error) {
	ctx = c.keyed(ctx, method)
	for try := 0; ; try++ {
		status, err = c.once(ctx, method, path, body, answer)
		if try == c.retries || !repeatable(err) || pause(ctx, delay(err, try)) != nil {
			return status, err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, answer any) (status int, err error) {
	if body == nil {
		return c.call(ctx, method, path, "", nil, answer)
	}
	return c.call(ctx, method, path, "application/json", bytes.NewReader(body), answer)
}

// call sends one request and decodes its answer.
func (c *Client) call(
	ctx context.Context, method, path, contentType string, body io.Reader, answer any,
) (status int, err error) {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return 0, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		return response.StatusCode, errorOf(response)
	}
	if answer == nil {
		return response.StatusCode, nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return response.StatusCode, fmt.Errorf("answer of %s %s: %w", method, path, err)
	}
	return response.StatusCode, nil
}

func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	trace.Outgoing(ctx, request.Header)
	if key := idempotencyKey(ctx); key != "" && method == http.MethodPost {
		request.Header.Set("Idempotency-Key", key)
	}
	return request, nil
}
