package monitoring

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Limit is one of the limits that keep a peer from taking more than its share.
type Limit int

const (
	LimitClients          Limit = iota // MaxClients: a client was refused
	LimitClientsPerIP                  // MaxClientsPerIP: a connection was refused
	LimitConnectRatePerIP              // MaxConnectRatePerIP: a connection was refused
	LimitPending                       // MaxPending: a connection was refused
	LimitPendingPerIP                  // the half of MaxPending that one address may have: a connection was refused
	LimitMessageRate                   // MaxMessageRate: a message waited
	LimitByteRate                      // MaxByteRate: a message waited
	LimitQueues                        // MaxQueueBytesTotal: a message was not sent, or left a client out
	numLimits
)

// String returns the name that the metric has.
func (l Limit) String() string {
	return [numLimits]string{
		"clients", "clients_per_ip", "connect_rate_per_ip", "pending", "pending_per_ip",
		"message_rate", "byte_rate", "queues",
	}[l]
}

// ByLimit is a counter for each limit.
type ByLimit struct {
	counts [numLimits]atomic.Uint64
}

// Add counts what a limit has stopped or slowed.
func (b *ByLimit) Add(l Limit) { b.counts[l].Add(1) }

func (b *ByLimit) snapshot() map[Limit]uint64 {
	counts := make(map[Limit]uint64)
	for l := range numLimits {
		if n := b.counts[l].Load(); n > 0 {
			counts[l] = n
		}
	}
	return counts
}

func limitMetrics() []metric {
	return []metric{
		{"limited_total", "What a limit of the hub has refused or slowed, by the limit; who is refused at the first packets counts once for each.", prometheus.CounterValue, []string{"limit"},
			func(s *Snapshot, emit emit) {
				for l := range numLimits {
					emit(float64(s.Limited[l]), l.String())
				}
			}},
		counter("address_validations_total", "First packets that were answered with a Retry: who connects has to show that the address is its own.",
			func(s *Snapshot) uint64 { return s.AddressValidations }),
	}
}
