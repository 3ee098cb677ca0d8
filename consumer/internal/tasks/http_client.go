package tasks

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
)

const (
	maxRedirects           = 5
	maxResponseHeaderBytes = 64 << 10
	idleConnTimeout        = 30 * time.Second
)

// foreignHeaders are the headers that a redirect to another host may take along; all others may be
// credentials, whatever their name.
var foreignHeaders = []string{"Content-Type", "User-Agent", headerTaskID, headerAttempt}

// newClient returns a client whose every connection passes the guard. A nil resolver is the system's.
func newClient(timeout time.Duration, guard *guard, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{ControlContext: guard.control, Resolver: resolver}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			// No proxy, whatever HTTP_PROXY says: the guard would see the proxy's address and not
			// the one that the proxy connects to.
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: maxResponseHeaderBytes,
			IdleConnTimeout:        idleConnTimeout,
		},
	}
}

// checkRedirect lets http.Client follow a redirect that delivers the same request elsewhere.
func checkRedirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	if len(via) > maxRedirects {
		return refuseRedirect(req, fmt.Errorf("more than %d redirects", maxRedirects))
	}
	if req.Method != last.Method {
		return refuseRedirect(req, fmt.Errorf("turns %s into %s and drops the body", last.Method, req.Method))
	}
	if last.URL.Scheme == "https" && req.URL.Scheme == "http" {
		return refuseRedirect(req, errors.New("leaves https"))
	}
	if err := checkURL(req.URL); err != nil {
		return refuseRedirect(req, err)
	}
	if slices.ContainsFunc(via, func(r *http.Request) bool { return r.URL.Host != req.URL.Host }) {
		dropForeignHeaders(req.Header)
	}
	return nil
}

func refuseRedirect(req *http.Request, reason error) error {
	return zeroq.Permanent(fmt.Errorf("answered %s: redirect refused: %w", req.Response.Status, reason))
}

func dropForeignHeaders(header http.Header) {
	for name := range header {
		if !slices.Contains(foreignHeaders, name) {
			delete(header, name)
		}
	}
}
