package chaos

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// accident is one thing that happens to a network.
type accident struct {
	after    time.Duration
	what     string
	up, down testnet.Impairment // if it becomes a bad one
	dark     time.Duration      // if it is cut
}

func (a accident) String() string {
	return fmt.Sprintf("+%v %s %v %+v %+v", a.after, a.what, a.dark, a.up, a.down)
}

func drawAccident(t *rapid.T) accident {
	return accident{
		after: time.Duration(rapid.IntRange(0, 5000).Draw(t, "after")) * ms,
		what:  rapid.SampledFrom([]string{"bad", "cut", "NAT", "disconnect"}).Draw(t, "what"),
		up:    drawImpairment(t), down: drawImpairment(t),
		dark: time.Duration(rapid.SampledFrom([]int{10, 1000, 10_000, 29_000, 31_000, 60_000}).Draw(t, "dark")) * ms,
	}
}

func drawImpairment(t *rapid.T) testnet.Impairment {
	share := func(label string) float64 { return float64(rapid.IntRange(0, 15).Draw(t, label)) / 100 }
	return testnet.Impairment{
		Latency: time.Duration(rapid.SampledFrom([]int{1, 20, 150}).Draw(t, "latency")) * ms,
		Jitter:  time.Duration(rapid.SampledFrom([]int{0, 0, 5, 50}).Draw(t, "jitter")) * ms,
		Loss:    share("loss"), Duplicate: share("duplicate"), Reorder: share("reorder"), Corrupt: share("corrupt"),
		Seed: rapid.Uint64().Draw(t, "seed"),
	}
}

// TestAccidents lets random things happen to a network that carries messages both ways, and
// compares the history with the model. A failure prints the shortest program that fails.
//
//	go test ./test/chaos -run TestAccidents -rapid.checks 1000
func TestAccidents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		accidents := rapid.SliceOfN(rapid.Custom(drawAccident), 0, 8).Draw(rt, "accidents")
		l := load{Messages: 60, Every: 250 * ms, Timeout: patience, MaxSize: rapid.SampledFrom([]int{100, 5000, 200_000}).Draw(rt, "MaxSize")}
		rapid.SyncTest(rt, func(rt *rapid.T) {
			tb := testnet.Rapid(t, rt)
			w := newWorld(tb)
			w.network.Connect(w.client)
			w.exchange(tb, l, func(w *world) { w.suffer(accidents) })
			w.check(tb, expectation{messages: l.Messages}, "at random")
		})
	})
}

// suffer has accidents happen, and leaves a good network behind.
func (w *world) suffer(accidents []accident) {
	for _, a := range accidents {
		time.Sleep(a.after)
		switch a.what {
		case "bad":
			w.network.ImpairEach(a.up, a.down)
		case "cut":
			w.network.Cut(clientID)
			time.Sleep(a.dark)
			w.network.Mend(clientID)
		case "NAT":
			w.network.Rebind(clientID)
		case "disconnect":
			_ = w.hub.Disconnect(clientID, "for a test") // it may not be there
		}
	}
	w.network.Impair(testnet.Impairment{})
}

func newWorld(tb testing.TB) *world {
	w := &world{network: testnet.Virtual(tb), atHub: newJournal(), atClient: newJournal()}
	w.hub = w.network.Hub(w.atHub.dispatcher(), nil)
	w.client = w.network.Client(clientID, w.atClient.dispatcher(), func(c *client.ClientConfig) { c.ReconnectEnabled = true })
	return w
}
