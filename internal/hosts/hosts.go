// Package hosts tells by which names a server on this machine may be addressed. Who
// owns a name can make it lead to any address, that of a page's visitor included, and
// the page is then of the same origin as the server (DNS rebinding). An IP address
// leads to itself.
package hosts

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Allowed reports whether r was sent to an IP address, to localhost, or to one of
// names, which have no ports. If not, it returns the name.
func Allowed(r *http.Request, names ...string) (name string, ok bool) {
	host := (&url.URL{Host: r.Host}).Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return host, true
	}
	return host, slices.ContainsFunc(append(slices.Clone(names), "localhost"), func(name string) bool {
		return strings.EqualFold(name, host)
	})
}
