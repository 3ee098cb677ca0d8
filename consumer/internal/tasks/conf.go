package tasks

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// What a zero field of a configuration that was not loaded from a file means.
const (
	defaultHTTPTimeout = 10 * time.Second
	defaultMaxPixels   = 50_000_000
)

// Conf says which handlers the consumer has, and what they may do. Its zero value is safe: webhooks
// to public addresses only.
type Conf struct {
	// HTTP is about http.request.
	HTTP HTTPConf
	// Thumbnail is about image.thumbnail.
	Thumbnail ThumbnailConf
	// Trial adds the handlers echo, sleep and fail. Whoever can enqueue can then hold every slot or
	// crash handlers at will: leave it off in production. Default: off.
	Trial bool `json:",optional"`
}

// HTTPConf bounds what http.request may do.
type HTTPConf struct {
	// AllowNetworks are networks in CIDR form, such as "10.1.0.0/16", that may be called although
	// they are private, with all their ports. Whoever can enqueue can reach every service in them in
	// the consumer's name: list what is needed, as narrowly as possible. Addresses of cloud metadata
	// services are refused even so. Default: none.
	AllowNetworks []string `json:",optional"`
	// Timeout bounds one delivery, from the lookup of the name to the end of the answer, redirects
	// included. The task's own timeout bounds it too. Default: 10s.
	Timeout time.Duration `json:",default=10s"`
}

// ThumbnailConf bounds what image.thumbnail may do.
type ThumbnailConf struct {
	// Folder is the directory that sources are read from and targets written to; nothing outside
	// of it is touched. Tasks can overwrite every file in it: give it to nothing else.
	// Default: none, and then there is no handler of image.thumbnail.
	Folder string `json:",optional"`
	// MaxPixels is the most pixels of a source, width times height. One task can take 40 bytes of
	// memory for each, so the default allows 2 GB to every slot of a worker. Default: 50000000.
	MaxPixels int64 `json:",default=50000000,range=[1:]"`
}

// Validate reports the first setting that cannot be right, by its key.
func (c Conf) Validate() error {
	if err := c.HTTP.validate(); err != nil {
		return err
	}
	if c.Thumbnail.MaxPixels < 0 {
		return fmt.Errorf("Tasks.Thumbnail.MaxPixels: %d is negative", c.Thumbnail.MaxPixels)
	}
	return nil
}

func (c HTTPConf) validate() error {
	if c.Timeout < 0 {
		return fmt.Errorf("Tasks.HTTP.Timeout: %v is negative", c.Timeout)
	}
	_, err := c.networks()
	return err
}

// networks reads AllowNetworks.
func (c HTTPConf) networks() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range c.AllowNetworks {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("Tasks.HTTP.AllowNetworks: %q: %w", text, err)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return network, errors.New("is no network such as 10.1.0.0/16")
	case network.Addr().Is4In6():
		return network, errors.New("is an IPv4 network in IPv6 form: write it as IPv4")
	case network != network.Masked():
		return network, fmt.Errorf("is an address within %v: write that, or the address with /%d",
			network.Masked(), network.Addr().BitLen())
	}
	return network, nil
}

func (c HTTPConf) timeout() time.Duration { return cmp.Or(c.Timeout, defaultHTTPTimeout) }

func (c ThumbnailConf) maxPixels() int64 { return cmp.Or(c.MaxPixels, defaultMaxPixels) }
