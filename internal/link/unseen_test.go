package link

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestUnseen: what is kept of the acknowledgements that the peer may not have received is the
// same as in a list that is gone over each time.
func TestUnseen(t *testing.T) {
	result := make([]byte, maxWeight/3) // three do not fit
	rapid.Check(t, func(t *rapid.T) {
		var u unseen
		var want []owed
		var sent, forgotten uint64
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				count := rapid.Uint64Range(0, sent+2).Draw(t, "seen")
				u.seen(count)
				for len(want) > 0 && want[0].at <= count {
					want = want[1:]
				}
			} else {
				sent++
				ack := &protocol.AckMessage{Number: rapid.Uint64Range(0, 3).Draw(t, "number") * sent}
				if rapid.IntRange(0, 9).Draw(t, "is large") == 0 {
					ack.Result = result
				}
				u.add(ack)
				if ack.Number > 0 {
					want = append(want, owed{sent, answerOf(ack)})
				}
				for weigh(want) > maxWeight {
					forgotten = max(forgotten, want[0].number)
					want = want[1:]
				}
			}
			compare(t, &u, want)
			if u.forgotten != forgotten || 2*u.head > len(u.acks) {
				t.Fatalf("forgotten up to %d, want %d; %d of %d are gone", u.forgotten, forgotten, u.head, len(u.acks))
			}
		}
	})
}

func weigh(acks []owed) (n int) {
	for i := range acks {
		n += acks[i].weight()
	}
	return n
}

func compare(t *rapid.T, u *unseen, want []owed) {
	t.Helper()
	if got := u.acks[u.head:]; len(got) != len(want) || u.weight != weigh(want) {
		t.Fatalf("%d acknowledgements of weight %d are kept, want %d of %d", len(got), u.weight, len(want), weigh(want))
	}
	for i, o := range u.acks[u.head:] {
		if o.at != want[i].at || o.number != want[i].number || len(o.result) != len(want[i].result) {
			t.Fatalf("number %d of %d is message %d's, want %d's", i, o.at, o.number, want[i].number)
		}
	}
	for _, o := range u.acks[:u.head] {
		if o.result != nil {
			t.Fatal("the result of one that is gone stays in memory")
		}
	}
}
