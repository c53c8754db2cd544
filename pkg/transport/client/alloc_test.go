package client_test

import (
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// roundTripAllocations is what an acknowledged message may allocate on both sides together,
// with nothing else under way: 10 are the message's own, the others those of its packets,
// which many messages share when there are many.
// With the race detector, pools throw some of what they are given away.
const roundTripAllocations, racingAllocations = 22, 36

// TestRoundTripAllocations pins what a round trip costs the garbage collector.
func TestRoundTripAllocations(t *testing.T) {
	n := testnet.Loopback(t)
	n.Hub(testnet.Echo(), nil)
	c := n.Client("a", nil, nil)
	n.Connect(c)
	msg := payload(128)
	send := func() {
		if _, err := c.SendMessage(t.Context(), msg, true, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 { // until pools are full, and the handler counts as quick
		send()
	}
	want := roundTripAllocations
	if testprocess.Racing() {
		want = racingAllocations
	}
	if got := testing.AllocsPerRun(1000, send); got > float64(want) {
		t.Errorf("a round trip allocates %v times, want %d at most", got, want)
	}
}
