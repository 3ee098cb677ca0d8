package tasks

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// number matches the last label of a host that some resolvers read as an IPv4 address: decimal,
// octal or hexadecimal. No top-level domain is one.
var number = regexp.MustCompile(`^([0-9]+|0[xX][0-9a-fA-F]*)$`)

// parseURL reads the URL of a request. What is wrong is told without the URL, which may hold a
// secret.
func parseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("url: is missing")
	}
	parsed, err := url.Parse(text)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) {
			err = detail.Err
		}
		return nil, fmt.Errorf("url: %w", err)
	}
	if err := checkURL(parsed); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	return parsed, nil
}

// checkURL refuses URLs that a webhook has no use for. Whether the address may be called is decided
// by the guard, when it is dialled.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scheme %q: must be http or https", u.Scheme)
	case u.User != nil:
		return errors.New("must not have a user or password; use the header Authorization")
	case u.Hostname() == "":
		return errors.New("host is missing")
	}
	if err := checkPort(u.Port()); err != nil {
		return err
	}
	return checkHost(u.Hostname())
}

func checkPort(port string) error {
	if port == "" {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q: must be 1 to 65535", port)
	}
	return nil
}

// checkHost refuses spellings of addresses that different programs read differently.
func checkHost(host string) error {
	if address, err := netip.ParseAddr(host); err == nil {
		if address.Zone() != "" || address.Is4In6() {
			return fmt.Errorf("host %q: must not have a zone or be an IPv4 address in IPv6 form", host)
		}
		return nil
	}
	labels := strings.Split(strings.TrimRight(host, "."), ".")
	if number.MatchString(labels[len(labels)-1]) {
		return fmt.Errorf("host %q: is neither a name nor an IP address in its usual form", host)
	}
	return nil
}
