package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// hosts refuses requests that were sent to a name which is not the API's. A page whose own name was
// made to lead here is of the same origin for the browser, so that it can read answers too: only the
// name gives it away.
type hosts struct {
	next    http.Handler
	trusted map[string]bool
}

// newHosts returns next behind the check, or next itself where any name will do: on an address that
// others reach too, under names that only the configuration can know.
func newHosts(next http.Handler, loopback bool, trusted []string) (http.Handler, error) {
	if !loopback && len(trusted) == 0 {
		return next, nil
	}
	h := &hosts{next: next, trusted: make(map[string]bool)}
	for _, name := range trusted {
		if err := CheckHost(name); err != nil {
			return nil, fmt.Errorf("trusted host: %w", err)
		}
		h.trusted[canonical(name)] = true
	}
	return h, nil
}

// ServeHTTP passes the request on, or refuses it.
func (h *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := hostname(r.Host)
	if name != "127.0.0.1" && name != "localhost" { // as most requests have it
		name = canonical(name)
	}
	if isLoopback(name) || h.trusted[name] {
		h.next.ServeHTTP(w, r)
		return
	}
	answer.Problem(w, problem.Host())
}

// CheckHost reports a name that no request can be sent to, so that a mistake in the configuration
// does not go unnoticed: one with a scheme, a port or a path.
func CheckHost(name string) error {
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	if name == "" || strings.ContainsAny(name, ":/?#@*[]% \t") {
		return fmt.Errorf("%q: want a name or an IP address, without scheme and port", name)
	}
	return nil
}

// hostname is the header Host without its port.
func hostname(host string) string {
	if !strings.Contains(host, ":") {
		return host
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// canonical is the one spelling of a name or an address.
func canonical(name string) string {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// isLoopback tells whether a name, in its canonical spelling, can lead nowhere but to this host.
func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}
