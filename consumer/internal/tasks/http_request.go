package tasks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/net/http/httpguts"

	"github.com/zeroq-dev/zeroq"
)

// What a request tells its receiver, which may see the same task more than once.
const (
	headerTaskID  = "Zeroq-Task-Id"
	headerAttempt = "Zeroq-Attempt"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// reservedHeaders are set by the handler, or decide where a request ends: a task that could set
// them could speak for another or slip a second request in.
var reservedHeaders = []string{
	headerTaskID, headerAttempt, "Host", "Content-Length", "Transfer-Encoding", "Connection",
	"Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Expect",
}

// requestData is the data of a task "http.request".
type requestData struct {
	// Method is GET, HEAD, POST, PUT, PATCH or DELETE. Default: POST.
	Method string `json:"method"`
	// URL is where to send it, http or https, without user and password.
	URL string `json:"url"`
	// Headers are added to the request. Content-Type is application/json unless it is given.
	Headers map[string]string `json:"headers"`
	// Body is any JSON, sent byte for byte; without it the request has no body.
	Body json.RawMessage `json:"body"`
}

// httpRequest delivers a webhook.
//
// An answer of 2xx is success, and its status and the first 4 KB of its text are the result. 408,
// 429, 5xx and failures of the connection are tried again, after the time that the answer asks for
// in Retry-After, at most an hour. Everything else is a dead letter: other answers, data that is no
// request, an address that is not allowed.
//
// Up to five redirects are followed, where method and body stay what they are and https stays https.
// To another host only headers go that cannot be credentials.
type httpRequest struct {
	client *http.Client
}

func newHTTPRequest(conf Conf) (zeroq.Handler, error) {
	networks, err := conf.HTTP.networks()
	if err != nil {
		return nil, err
	}
	return &httpRequest{newClient(conf.HTTP.timeout(), newGuard(networks), nil)}, nil
}

// Close closes the connections that are kept for further requests.
func (h *httpRequest) Close() error {
	h.client.CloseIdleConnections()
	return nil
}

// Handle sends the request that the task's data describes.
func (h *httpRequest) Handle(ctx context.Context, task *zeroq.Task) error {
	var data requestData
	if err := decode(task, &data); err != nil {
		return err
	}
	req, err := data.request(ctx, task)
	if err != nil {
		return refuse(task, err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return sendError(req, err)
	}
	return readAnswer(resp).outcome(ctx)
}

// sendError tells why there is no answer. The path and query of the URL are left out: they may hold
// a secret, and errors are shown to more people than data is.
func sendError(req *http.Request, err error) error {
	if ctx := req.Context(); ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var detail *url.Error
	if errors.As(err, &detail) {
		err = detail.Err
	}
	return fmt.Errorf("%s %s: %w", req.Method, req.URL.Host, err)
}

func (d requestData) request(ctx context.Context, task *zeroq.Task) (*http.Request, error) {
	if d.Method == "" {
		d.Method = http.MethodPost
	}
	if !slices.Contains(methods, d.Method) {
		return nil, fmt.Errorf("method %q: must be one of %v", d.Method, methods)
	}
	target, err := parseURL(d.URL)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, d.Method, target.String(), bytes.NewReader(d.Body))
	if err != nil {
		return nil, err
	}
	if req.Header, err = d.header(task); err != nil {
		return nil, err
	}
	return req, nil
}

func (d requestData) header(task *zeroq.Task) (http.Header, error) {
	header := http.Header{"User-Agent": {"zeroq"}}
	if d.Body != nil {
		header.Set("Content-Type", "application/json")
	}
	given := make(map[string]bool)
	for name, value := range d.Headers {
		canonical := http.CanonicalHeaderKey(name)
		if err := checkHeader(canonical, value); err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		if given[canonical] {
			return nil, fmt.Errorf("header %q: is given twice", canonical)
		}
		given[canonical] = true
		header.Set(canonical, value)
	}
	if !httpguts.ValidHeaderFieldValue(task.ID) {
		return nil, fmt.Errorf("id %q: cannot be sent as a header", task.ID)
	}
	header.Set(headerTaskID, task.ID)
	header.Set(headerAttempt, strconv.Itoa(task.Attempt))
	return header, nil
}

func checkHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return errors.New("is no name of a header")
	case !httpguts.ValidHeaderFieldValue(value):
		return errors.New("its value has control characters")
	case slices.Contains(reservedHeaders, name):
		return errors.New("cannot be set")
	}
	return nil
}
