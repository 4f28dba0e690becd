package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"

	"mercado/internal/settings"
)

// ErrForbidden says that an address is not one to send to: it is inside the shop's own network, or
// has a port or a form that no receiver of webhooks has.
var ErrForbidden = errors.New("forbidden address")

// Rules is what receivers may be.
type Rules struct {
	HTTP     bool // http as well as https; development only
	Loopback bool // this machine, on any port; tests and development only
}

// RulesOf is the rules that the settings make.
func RulesOf(e settings.Environment, w settings.Webhooks) Rules {
	return Rules{HTTP: !e.Production(), Loopback: w.AllowLoopback && !e.Production()}
}

// notPublic lists what is not a place on the public internet, beside what netip knows by name.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network
	netip.MustParsePrefix("100.64.0.0/10"),    // shared by carriers (CGNAT)
	netip.MustParsePrefix("168.63.129.16/32"), // the host of a machine in Azure
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation
	netip.MustParsePrefix("192.88.99.0/24"),   // relays of 6to4
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, with the broadcast address
	netip.MustParsePrefix("::/96"),            // IPv4 in IPv6, of old
	netip.MustParsePrefix("64:ff9b::/96"),     // IPv4 behind NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),   // the same, local
	netip.MustParsePrefix("100::/64"),         // discarded
	netip.MustParsePrefix("2001::/23"),        // protocol assignments, with Teredo
	netip.MustParsePrefix("2001:db8::/32"),    // documentation
	netip.MustParsePrefix("2002::/16"),        // 6to4, which holds an IPv4 address
	netip.MustParsePrefix("3fff::/20"),        // documentation
	netip.MustParsePrefix("5f00::/16"),        // segment routing
	netip.MustParsePrefix("fec0::/10"),        // site local, of old
}

// ports are those that receivers may listen on.
var ports = map[uint16]bool{443: true, 8443: true}

// allow says whether an address that a name was resolved to may be connected to.
func (r Rules) allow(address netip.AddrPort) error {
	ip := address.Addr()
	if ip.Zone() != "" {
		return ErrForbidden
	}
	ip = ip.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if r.Loopback && ip.IsLoopback() {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return ErrForbidden
	}
	for _, prefix := range notPublic {
		if prefix.Contains(ip) {
			return ErrForbidden
		}
	}
	if !ports[address.Port()] && (!r.HTTP || address.Port() != 80) {
		return ErrForbidden
	}
	return nil
}

// control refuses to connect. It is called with the address that a name was resolved to, after the
// resolving: a name that means something else the second time does not get around it.
func (r Rules) control(_, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrForbidden
	}
	return r.allow(parsed)
}

// CheckURL returns ErrForbidden for what can be seen to be no receiver without asking anybody. What
// a name stands for is looked at when it is connected to.
func (r Rules) CheckURL(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.Fragment != "" || parsed.Opaque != "" {
		return ErrForbidden
	}
	port := uint64(443)
	switch {
	case parsed.Scheme == "https":
	case parsed.Scheme == "http" && r.HTTP:
		port = 80
	default:
		return ErrForbidden
	}
	if parsed.Port() != "" {
		if port, err = strconv.ParseUint(parsed.Port(), 10, 16); err != nil {
			return ErrForbidden
		}
	}
	if ip, err := netip.ParseAddr(parsed.Hostname()); err == nil {
		return r.allow(netip.AddrPortFrom(ip, uint16(port)))
	}
	if !ports[uint16(port)] && (!r.HTTP || port != 80) && !r.Loopback {
		return ErrForbidden
	}
	return nil
}
