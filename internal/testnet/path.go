package testnet

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Impairment is what a network does to packets. A zero field does nothing, but for
// Latency.
type Impairment struct {
	Latency   time.Duration // one way; if zero, 5 ms in a virtual network and none in a Proxy
	Jitter    time.Duration // up to this much more for each packet, so that they overtake each other
	Loss      float64       // the probability that a packet is lost
	Duplicate float64       // the probability that a packet arrives twice
	Reorder   float64       // the probability that a packet takes twice as long, and 1 ms
	Corrupt   float64       // the probability that one bit of a packet is changed
	Bandwidth int           // bits a second, of all packets in one direction; what would wait for over a second is lost
	MTU       int           // the largest packet, without the headers of IP and UDP; larger ones are lost
	Seed      uint64        // of these probabilities
}

// maxWait is how long a packet waits for the bandwidth: the size of the queue that a
// router has.
const maxWait = time.Second

// arrival is a packet that comes through.
type arrival struct {
	after time.Duration
	data  []byte
}

// path is one direction of a network.
type path struct {
	Impairment
	random *rand.Rand
	idle   time.Time // when all that was sent before has left
}

func newPath(i Impairment, direction uint64) path {
	return path{Impairment: i, random: rand.New(rand.NewPCG(i.Seed, direction))}
}

// carry returns what arrives of a packet, and when.
func (p *path) carry(now time.Time, data []byte) (all []arrival) {
	if p.MTU > 0 && len(data) > p.MTU || p.happens(p.Loss) {
		return nil
	}
	wait, ok := p.transmit(now, len(data))
	if !ok {
		return nil
	}
	copies := 1
	if p.happens(p.Duplicate) {
		copies = 2
	}
	for range copies {
		all = append(all, arrival{wait + p.latency(), p.corrupt(data)})
	}
	return all
}

// happens draws only what can happen, so that one impairment does not change the
// draws of another.
func (p *path) happens(probability float64) bool {
	return probability > 0 && p.random.Float64() < probability
}

// transmit returns how long it takes until a packet of n bytes has left.
func (p *path) transmit(now time.Time, n int) (wait time.Duration, ok bool) {
	if p.Bandwidth == 0 {
		return 0, true
	}
	begin := p.idle
	if begin.Before(now) {
		begin = now
	}
	if begin.Sub(now) > maxWait {
		return 0, false
	}
	p.idle = begin.Add(time.Duration(n) * 8 * time.Second / time.Duration(p.Bandwidth))
	return p.idle.Sub(now), true
}

func (p *path) latency() time.Duration {
	switch {
	case p.Jitter > 0:
		return p.Latency + time.Duration(p.random.Int64N(int64(p.Jitter)))
	case p.happens(p.Reorder):
		return 2*p.Latency + time.Millisecond
	default:
		return p.Latency
	}
}

func (p *path) corrupt(data []byte) []byte {
	if len(data) == 0 || !p.happens(p.Corrupt) {
		return data
	}
	data = slices.Clone(data)
	data[p.random.IntN(len(data))] ^= 1 << p.random.IntN(8)
	return data
}
