package web

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ClientIP returns the address that a request comes from: the peer's, or, where
// that is a trusted proxy, the nearest one of X-Forwarded-For that is none.
// What stands before it in the header is what the client says of itself, and
// does not count. Something that is no address ends the search.
func ClientIP(c *fiber.Ctx) string {
	at, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return ""
	}
	at = at.Unmap()
	hops := forwarded(c)
	for i := len(hops) - 1; i >= 0 && serverOf(c).trusts(at); i-- {
		next, err := netip.ParseAddr(hops[i])
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at.String()
}

// forwarded returns the hops that a request says it took, the nearest last.
func forwarded(c *fiber.Ctx) []string {
	var hops []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		for hop := range strings.SplitSeq(string(line), ",") {
			hops = append(hops, strings.TrimSpace(hop))
		}
	}
	return hops
}

func (s *Server) trusts(a netip.Addr) bool {
	return s != nil && slices.ContainsFunc(s.opts.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

func texts(prefixes []netip.Prefix) []string {
	out := make([]string, len(prefixes))
	for i, p := range prefixes {
		out[i] = p.String()
	}
	return out
}
