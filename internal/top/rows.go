package top

import (
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
)

// row is a client and what went on since the sample before.
type row struct {
	httpapi.Client
	uptime, silence time.Duration
	rates
}

// rates are for each second; in is what came from the client. Those of a client
// that was not there a sample ago are not known yet.
type rates struct {
	known             bool
	in, out           float64
	bytesIn, bytesOut float64
}

// totals are about all clients of a sample.
type totals struct {
	silent int
	rates
}

// sampled is what a sample has of each client, for the next one.
type sampled struct {
	at      time.Time
	clients map[string]httpapi.Client
}

// newRows returns the rows of a sample that came at the time at.
func newRows(clients []httpapi.Client, at time.Time, before sampled) ([]row, totals) {
	rows := make([]row, len(clients))
	var all totals
	for i, client := range clients {
		r := row{Client: client}
		r.uptime, r.silence = client.Ages()
		if old, ok := before.clients[client.ClientID]; ok && old.ConnectedAt == client.ConnectedAt {
			r.rates = ratesBetween(&old, &client, at.Sub(before.at))
		}
		all.add(&r)
		rows[i] = r
	}
	return rows, all
}

func ratesBetween(old, now *httpapi.Client, d time.Duration) rates {
	rate := func(old, now uint64) float64 {
		if now < old || d <= 0 {
			return 0 // the clocks or the hub were changed
		}
		return float64(now-old) / d.Seconds()
	}
	return rates{
		known: true,
		in:    rate(old.MessagesReceived, now.MessagesReceived), bytesIn: rate(old.BytesReceived, now.BytesReceived),
		out: rate(old.MessagesSent, now.MessagesSent), bytesOut: rate(old.BytesSent, now.BytesSent),
	}
}

func (t *totals) add(r *row) {
	if r.State != "connected" {
		t.silent++
	}
	t.known = t.known || r.known
	t.in, t.out = t.in+r.in, t.out+r.out
	t.bytesIn, t.bytesOut = t.bytesIn+r.bytesIn, t.bytesOut+r.bytesOut
}

// remember returns what the next sample is compared with.
func remember(clients []httpapi.Client, at time.Time) sampled {
	s := sampled{at: at, clients: make(map[string]httpapi.Client, len(clients))}
	for _, client := range clients {
		s.clients[client.ClientID] = client
	}
	return s
}
