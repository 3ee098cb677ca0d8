package tasks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/zeroq-dev/zeroq"
)

// errRefusedAddress is the cause when a request would have gone where it must not.
var errRefusedAddress = errors.New("address is not allowed")

// metadata are the addresses at which clouds hand credentials to the machine that asks. No allowed
// network opens them: some lie within ranges that are private for good reason.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // AWS, Google Cloud, Azure and most others
	netip.MustParseAddr("169.254.170.2"),   // AWS ECS
	netip.MustParseAddr("169.254.170.23"),  // AWS EKS
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd00:ec2::23"),    // AWS EKS
	netip.MustParseAddr("fd20:ce::254"),    // Google Cloud
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
	netip.MustParseAddr("192.0.0.192"),     // Oracle Cloud
	netip.MustParseAddr("168.63.129.16"),   // Azure; looks public
}

// guard decides which addresses a request may be sent to. It looks at the address that is dialled,
// after the name was looked up, so a name that changes its address between a check and its use
// gains nothing.
type guard struct {
	// allowed are private networks that may be dialled.
	allowed []netip.Prefix
	// local returns the addresses of this machine.
	local func() ([]net.Addr, error)
	// public knows the special-purpose ranges of the IANA registries.
	public *ssrf.Guardian
}

func newGuard(allowed []netip.Prefix) *guard {
	return &guard{
		allowed: allowed,
		local:   net.InterfaceAddrs,
		public:  ssrf.New(ssrf.WithAnyPort()),
	}
}

// control is the ControlContext of a net.Dialer: it is called with each address before it is
// connected to.
func (g *guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return refuseAddress(network, "is no TCP network")
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuseAddress(address, "is no address with a port")
	}
	return g.check(target.Addr())
}

// check returns a Permanent error for an address that must not be dialled.
func (g *guard) check(address netip.Addr) error {
	if slices.Contains(metadata, address.Unmap().WithZone("")) {
		return refuseAddress(address, "serves cloud metadata")
	}
	if slices.ContainsFunc(g.allowed, contains(address)) {
		return nil
	}
	if err := g.public.SafeAddr(address); err != nil {
		return refuseAddress(address, "is not public, and not in Tasks.HTTP.AllowNetworks")
	}
	return g.checkLocal(address)
}

// checkLocal refuses public addresses that are this machine's own: packets to them never leave it,
// so they pass firewalls as those to the loopback do. The addresses may change at any time, so they
// are not kept.
func (g *guard) checkLocal(address netip.Addr) error {
	locals, err := g.local()
	if err != nil {
		return fmt.Errorf("addresses of this machine: %w", err)
	}
	for _, local := range locals {
		if own, ok := local.(*net.IPNet); ok && own.IP.Equal(address.AsSlice()) {
			return refuseAddress(address, "is this machine's, and not in Tasks.HTTP.AllowNetworks")
		}
	}
	return nil
}

func contains(address netip.Addr) func(netip.Prefix) bool {
	return func(network netip.Prefix) bool { return network.Contains(address) }
}

func refuseAddress(address any, reason string) error {
	return zeroq.Permanent(fmt.Errorf("%w: %v %s", errRefusedAddress, address, reason))
}
