package server

import (
	"log/slog"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// gate lets connections in or refuses them, by how many have not said hello yet, and by
// what comes from the same address. It sees them at their first packet: a handshake costs
// the hub a thousand times as much as a refusal.
type gate struct {
	config  *ServerConfig
	metrics *monitoring.Metrics
	log     *slog.Logger

	mu      sync.Mutex
	pending int // connections that have not said hello yet
	sources map[netip.Prefix]*source
}

// source is an address that connections come from, for as long as there is one, or its
// rate is in use.
type source struct {
	connections int
	pending     int // of these
	rate        *rate.Limiter
}

func newGate(config *ServerConfig, metrics *monitoring.Metrics, log *slog.Logger) *gate {
	return &gate{config: config, metrics: metrics, log: log, sources: make(map[netip.Prefix]*source)}
}

// prefix returns what counts as one address: of IPv6 a network (/64), as all addresses
// of it are one subscriber's.
func prefix(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // fails for no address at all, which is one of its own
	return p
}

// Validate implements quicnet.Gate: addresses are validated while many handshakes are
// under way, whose senders may be forged; and those that have used up half of their
// rate, so that who forges an address cannot use up the rest.
func (g *gate) Validate(addr netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[prefix(addr)]
	if g.pending < g.config.AddressValidationFrom && (s == nil || s.rate.Tokens() >= float64(s.rate.Burst())/2) {
		return false
	}
	g.metrics.AddressValidations.Add(1)
	return true
}

// Enter implements quicnet.Gate.
func (g *gate) Enter(addr netip.Addr) quicnet.Entry {
	e := &entry{gate: g, from: prefix(addr)}
	limit, text := e.enter()
	if text == "" {
		return e
	}
	g.metrics.Limited.Add(limit)
	g.metrics.Refused.Add(qerrors.TooManyClients, 1)
	g.log.Warn("refused", "remote", addr.String(), "code", qerrors.TooManyClients, "error", text)
	return nil
}

// forget drops addresses of which nothing is left to know.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for from, s := range g.sources {
		if s.connections == 0 && s.rate.Tokens() >= float64(s.rate.Burst()) {
			delete(g.sources, from)
		}
	}
}

// entry is one connection that was let in. The gate's mutex guards it.
type entry struct {
	gate    *gate
	from    netip.Prefix
	settled bool // it is not pending any more
}

// enter counts the connection, or returns the limit that is in its way.
func (e *entry) enter() (limit monitoring.Limit, text string) {
	g := e.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[e.from]
	if s == nil {
		n := g.config.MaxConnectRatePerIP
		s = &source{rate: rate.NewLimiter(rate.Limit(n), n)} // not kept if it is refused: it may be forged
	}
	switch most := g.config.MaxClientsPerIP; {
	case g.pending >= g.config.MaxPending:
		return monitoring.LimitPending, "too many clients are connecting (MaxPending)"
	case s.pending >= (g.config.MaxPending+1)/2:
		return monitoring.LimitPendingPerIP, "too many clients of this address are connecting (half of MaxPending)"
	case most > 0 && s.connections >= most:
		return monitoring.LimitClientsPerIP, "too many clients of this address are connected (MaxClientsPerIP)"
	case !s.rate.Allow():
		return monitoring.LimitConnectRatePerIP, "this address connects too often (MaxConnectRatePerIP)"
	}
	g.sources[e.from] = s
	g.pending++
	s.pending++
	s.connections++
	return 0, ""
}

// Settle is told that the client was admitted or refused.
func (e *entry) Settle() {
	e.gate.mu.Lock()
	defer e.gate.mu.Unlock()
	e.settle()
}

func (e *entry) settle() {
	if !e.settled {
		e.settled = true
		e.gate.pending--
		e.gate.sources[e.from].pending--
	}
}

// Leave implements quicnet.Entry. It is called once.
func (e *entry) Leave() {
	e.gate.mu.Lock()
	defer e.gate.mu.Unlock()
	e.settle()
	e.gate.sources[e.from].connections--
}
