package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/api/app"
)

// The names that an API answers to, by where it listens and what it trusts.
func TestHosts(t *testing.T) {
	const evil = "evil.example:8888"
	own := []string{"localhost", "LocalHost:8888", "localhost.:1", "127.0.0.1", "127.9.9.9:8888", "[::1]:8888", "[::1]", "[::ffff:127.0.0.1]:1"}
	foreign := []string{
		evil, "evil.example", "localhost.evil.example", "evil.localhost", "127.0.0.1.evil.example", "192.0.2.1:8888", "0.0.0.0:8888",
		"[::]:8888", "[2001:db8::1]:8888", "127.1", "2130706433", "localhost:8888:1", "",
	}
	for name, test := range map[string]struct {
		host            string
		trusted         []string
		answers, denies []string
	}{
		"loopback":             {"127.0.0.1", nil, own, foreign},
		"a name of it":         {"localhost", nil, own, foreign},
		"loopback with a name": {"127.0.0.1", []string{"Ops.Example.com."}, append(own, "ops.example.com:8888"), foreign},
		"loopback with an IP":  {"127.0.0.1", []string{"2001:DB8::1"}, []string{"[2001:db8::1]:8888", "localhost"}, []string{evil, "[2001:db8::2]"}},
		"everywhere":           {"0.0.0.0", nil, append(own, evil, "api:8888", "192.0.2.1"), nil},
		"everywhere with one":  {"0.0.0.0", []string{"api"}, append(own, "api:8888"), foreign},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, func(c *app.Conf) { c.Host, c.TrustedHosts = test.host, test.trusted })
			for _, host := range test.answers {
				if got := a.sentTo(host, http.MethodGet, "/v1/queues"); got.status != http.StatusOK {
					t.Errorf("%q: %+v", host, got)
				}
			}
			for _, host := range test.denies {
				for _, path := range []string{"/v1/queues", "/v1/tasks/x", "/healthz", "/readyz", "/openapi.json", "/none"} {
					a.sentTo(host, http.MethodGet, path).wantError(t, 403, "untrusted_host", "")
				}
				a.sentTo(host, http.MethodPost, "/v1/tasks").wantError(t, 403, "untrusted_host", "")
			}
			if n := a.fake.count(); n != 0 {
				t.Errorf("%d tasks were enqueued", n)
			}
		})
	}
}

// sentTo is what a page gets whose origin is the host that it sends to.
func (a *api) sentTo(host, method, path string) reply {
	a.t.Helper()
	got := a.raw(func(w io.Writer) {
		fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nSec-Fetch-Site: same-origin\r\n", method, path, host, host)
		fmt.Fprint(w, "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n", `{"type":"a"}`)
	})
	got.keepsContract(a.t, method, path)
	return got
}

// What is refused by its name is refused in the one shape, and says nothing of what was sent.
func TestHosts_NoEcho(t *testing.T) {
	a := start(t)
	r := a.request(http.MethodGet, "/v1/queues", "", nil)
	r.Host = "SECRET.example"
	if got := a.do(r); got.status != 403 || strings.Contains(got.body, "SECRET") {
		t.Errorf("got %+v", got)
	}
}
