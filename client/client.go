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
)

// Client calls the API. It may be used by any number of goroutines. No call is retried, and none
// has a timeout but that of its context.
type Client struct {
	base   string
	http   *http.Client
	header http.Header
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
	return c.do(ctx, http.MethodGet, path, "", nil, answer)
}

func (c *Client) post(ctx context.Context, path string, body []byte, answer any) error {
	return c.do(ctx, http.MethodPost, path, "application/json", bytes.NewReader(body), answer)
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body io.Reader, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		return errorOf(response)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("answer of %s %s: %w", method, path, err)
	}
	return nil
}
