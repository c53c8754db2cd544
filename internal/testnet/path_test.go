package testnet_test

import (
	"math/bits"
	"reflect"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
)

// passage is what became of packets of 100 bytes.
type passage struct {
	lost, doubled, changed, overtaken int
	first, last                       time.Duration // how long these took
}

const (
	packets  = 1000
	interval = time.Millisecond
)

func send(i testnet.Impairment) [][]testnet.Arrival {
	all := make([][]byte, packets)
	for n := range all {
		all[n] = packet(n, 100)
	}
	return testnet.Carry(i, interval, all...)
}

func observe(i testnet.Impairment) (p passage) {
	latest := time.Duration(-1)
	for n, arrivals := range send(i) {
		switch len(arrivals) {
		case 0:
			p.lost++
			continue
		case 2:
			p.doubled++
		}
		a := arrivals[0]
		sent := time.Duration(n) * interval
		if sent+a.After < latest {
			p.overtaken++
		}
		latest = max(latest, sent+a.After)
		for i, b := range packet(n, 100) {
			p.changed += bits.OnesCount8(b ^ a.Data[i])
		}
		if n == 0 {
			p.first = a.After
		}
		p.last = a.After
	}
	return p
}

func TestPath(t *testing.T) {
	const ms = time.Millisecond
	some := func(n int) bool { return n > packets/10 && n < packets/3 } // of a probability of 0.2
	for name, test := range map[string]struct {
		i  testnet.Impairment
		ok func(p passage) bool
	}{
		"nothing":        {testnet.Impairment{}, func(p passage) bool { return p == passage{} }},
		"latency":        {testnet.Impairment{Latency: 20 * ms}, func(p passage) bool { return p == passage{first: 20 * ms, last: 20 * ms} }},
		"loss":           {testnet.Impairment{Loss: 0.2}, func(p passage) bool { return some(p.lost) && p.changed == 0 }},
		"duplicates":     {testnet.Impairment{Duplicate: 0.2}, func(p passage) bool { return some(p.doubled) && p.lost == 0 }},
		"corruption":     {testnet.Impairment{Corrupt: 0.2}, func(p passage) bool { return some(p.changed) && p.lost == 0 }},
		"jitter":         {testnet.Impairment{Jitter: 3 * ms}, func(p passage) bool { return p.overtaken > 0 && p.lost == 0 }},
		"reordering":     {testnet.Impairment{Latency: 5 * ms, Reorder: 0.2}, func(p passage) bool { return p.overtaken > 0 && p.lost == 0 }},
		"MTU":            {testnet.Impairment{MTU: 99}, func(p passage) bool { return p.lost == packets }},
		"no smaller MTU": {testnet.Impairment{MTU: 100}, func(p passage) bool { return p == passage{} }},
		"enough bandwidth": {testnet.Impairment{Bandwidth: 800_000}, func(p passage) bool {
			return p == passage{first: ms, last: ms}
		}},
		// A second of what is too much fills half of the queue.
		"half of the bandwidth": {testnet.Impairment{Bandwidth: 400_000}, func(p passage) bool {
			return p.lost == 0 && p.first == 2*ms && p.last == (packets+1)*ms
		}},
		"a tenth of the bandwidth": {testnet.Impairment{Bandwidth: 80_000}, func(p passage) bool {
			return p.first == 10*ms && p.lost > packets*3/4 && p.last > time.Second && p.last <= time.Second+10*ms && p.overtaken == 0
		}},
	} {
		t.Run(name, func(t *testing.T) {
			test.i.Seed = 1
			if p := observe(test.i); !test.ok(p) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestSeeds: what happens to a packet depends on the seed alone.
func TestSeeds(t *testing.T) {
	fates := func(seed uint64) [][]testnet.Arrival {
		return send(testnet.Impairment{Loss: 0.1, Duplicate: 0.1, Corrupt: 0.1, Jitter: time.Second, Seed: seed})
	}
	if first := fates(1); !reflect.DeepEqual(first, fates(1)) || reflect.DeepEqual(first, fates(2)) {
		t.Error("two runs with one seed differ, or two with different seeds do not")
	}
}
