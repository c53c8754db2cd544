package testnet

import "time"

// Carry sends packets over a path, one each interval, and returns what arrives of each,
// and when after it was sent.
func Carry(i Impairment, interval time.Duration, packets ...[]byte) (all [][]Arrival) {
	p, now := newPath(i, 0), time.Unix(0, 0)
	for _, data := range packets {
		var some []Arrival
		for _, a := range p.carry(now, data) {
			some = append(some, Arrival{a.after, a.data})
		}
		all = append(all, some)
		now = now.Add(interval)
	}
	return all
}

// Arrival is a packet that comes through.
type Arrival struct {
	After time.Duration
	Data  []byte
}
