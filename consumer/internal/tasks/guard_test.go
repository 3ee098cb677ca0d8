package tasks

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// refused has addresses of every range that a webhook must not reach.
var refused = []string{
	"0.0.0.0", "0.1.2.3", // this network
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", // private
	"100.64.0.1", "100.127.255.255", // carrier-grade NAT
	"127.0.0.1", "127.0.0.2", "127.255.255.255", // loopback
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.170.23", // link-local, metadata
	"100.100.100.200", "192.0.0.192", "168.63.129.16", // metadata
	"192.0.0.1", "192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1", // protocols, documentation
	"192.88.99.1", "198.18.0.1", "198.19.255.255", // 6to4 relays, benchmarks
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", // multicast, reserved, broadcast
	"::", "::1", "::2", // unspecified, loopback, reserved
	"::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", // IPv4 inside
	"::ffff:0:127.0.0.1", "::ffff:8.8.8.8",
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::a00:1", // NAT64
	"2002:7f00:1::", "2002:a9fe:a9fe::", "2002:a00:1::1", // 6to4
	"2001::1", "2001:0:7f00:1::", // Teredo
	"2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", // special purpose
	"100::1", "100:0:0:1::1", // discard
	"fc00::1", "fd00::1", "fdff:ffff::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", // unique local
	"fe80::1", "fe80::1%lo", "febf::1", "fec0::1", // link-local, site-local
	"ff02::1", "ff0e::1", // multicast
	"2606:4700::1111%eth0", // public, but with a zone
}

func TestGuard_RefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil)
	for _, text := range refused {
		err := guard.check(netip.MustParseAddr(text))
		if !errors.Is(err, errRefusedAddress) {
			t.Errorf("%s: got %v", text, err)
			continue
		}
		mustBePermanent(t, err, "address is not allowed")
	}
}

func TestGuard_LetsPublicAddressesPass(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil)
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
		"128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
		"192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
	} {
		if err := guard.check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestGuard_AllowedNetworksArePassed(t *testing.T) {
	t.Parallel()
	guard := newGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")})
	for _, text := range []string{"10.1.0.1", "10.1.255.255", "fd12::1"} {
		mustSucceed(t, guard.check(netip.MustParseAddr(text)))
	}
	for _, text := range []string{"10.2.0.1", "127.0.0.1", "fd13::1", "::ffff:10.1.0.1", "fd12::1%eth0"} {
		mustBePermanent(t, guard.check(netip.MustParseAddr(text)), "AllowNetworks")
	}
}

func TestGuard_MetadataIsRefusedEvenInAnAllowedNetwork(t *testing.T) {
	t.Parallel()
	guard := newGuard([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")})
	mustSucceed(t, guard.check(netip.MustParseAddr("169.254.1.1")))
	for _, text := range []string{
		"169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "fd00:ec2::254%eth0", "100.100.100.200",
	} {
		mustBePermanent(t, guard.check(netip.MustParseAddr(text)), "serves cloud metadata")
	}
}

func TestGuard_RefusesPublicAddressesOfThisMachine(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil)
	guard.local = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.ParseIP("8.8.8.8"), Mask: net.CIDRMask(24, 32)}}, nil
	}
	mustBePermanent(t, guard.check(netip.MustParseAddr("8.8.8.8")), "is this machine's")
	mustSucceed(t, guard.check(netip.MustParseAddr("8.8.8.9")))
}

func TestGuard_UnknownAddressesOfThisMachineAreTriedAgain(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil)
	guard.local = func() ([]net.Addr, error) { return nil, errCalledOff }
	mustRetry(t, guard.check(netip.MustParseAddr("8.8.8.8")), "addresses of this machine")
}

func TestGuard_ControlRefusesWhatIsNoTCPAddress(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil)
	for address, network := range map[string]string{"8.8.8.8:53": "udp4", "@socket": "unix", "example.com:80": "tcp4"} {
		mustBePermanent(t, guard.control(t.Context(), network, address, nil), "address is not allowed")
	}
	mustSucceed(t, guard.control(t.Context(), "tcp4", "8.8.8.8:8443", nil))
}
