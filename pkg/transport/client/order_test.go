package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// orders notes the order in which messages are handled, by key.
type orders struct {
	mu      sync.Mutex
	began   map[string][]string
	running map[string]int
	most    int // handlers that ran at once
	clashes int // handlers of one key that ran at once
}

func (o *orders) handle(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	key := m.OrderingKey
	o.mu.Lock()
	o.began[key] = append(o.began[key], m.MsgId)
	if o.running[key]++; o.running[key] > 1 {
		o.clashes++
	}
	sum := 0
	for _, n := range o.running {
		sum += n
	}
	o.most = max(o.most, sum)
	o.mu.Unlock()
	time.Sleep(rand.N(30 * time.Millisecond))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[key]--
	return nil, nil
}

// Messages with the same ordering key are handled one after another in the order in which
// they were sent, across reconnects and whatever their size; those of other keys meanwhile.
func TestOrderingKeys(t *testing.T) {
	bothWays(t, func(t *testing.T, up bool) {
		o := &orders{began: make(map[string][]string), running: make(map[string]int)}
		p := newPair(t, o.handle)
		p.n.Impair(testnet.Impairment{Latency: 20 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.02})
		want := make(map[string][]string)
		var promises []*callback.Promise
		for i := range 200 {
			m := testnet.Command(string(make([]byte, i%10*15_000)))
			m.MsgId, m.OrderingKey = fmt.Sprint(i), fmt.Sprint("key ", i%3)
			want[m.OrderingKey] = append(want[m.OrderingKey], m.MsgId)
			for {
				promise, err := p.sendOr(t.Context(), up, m, 10*time.Minute)
				if err == nil {
					promises = append(promises, promise)
					break
				}
				time.Sleep(time.Second) // the client is not there
			}
			switch i % 50 {
			case 20:
				p.n.Cut("a")
			case 21:
				time.Sleep(40 * time.Second)
				p.n.Mend("a")
			default:
				time.Sleep(rand.N(10 * time.Millisecond))
			}
		}
		for _, promise := range promises {
			if _, err := promise.Result(); err != nil {
				t.Error(err)
			}
		}
		if d := cmp.Diff(want, o.began); d != "" {
			t.Errorf("the order (-want +got):\n%s", d)
		}
		if o.clashes > 0 || o.most < 2 {
			t.Errorf("%d clashes, at most %d handlers at once", o.clashes, o.most)
		}
		if resumed := p.hub.GetMetrics().Resumed; resumed != 4 {
			t.Errorf("the session was resumed %d times", resumed)
		}
	})
}
