package server_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Honest clients come and are served while others connect all the time and never
// say hello.
func TestConnectUnderPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		const waves, each = 20, 15
		var wg sync.WaitGroup
		for wave := range waves {
			for i := range each {
				p := n.Dial(fmt.Sprint("silent ", wave, " ", i))
				wg.Go(func() {
					if code := p.Code(); code != qerrors.HelloTimeout {
						t.Errorf("a silent one was closed with %v", code)
					}
				})
			}
			c := n.Client(fmt.Sprint("honest ", wave), testnet.Echo(), nil)
			begun := time.Now()
			n.Connect(c)
			if d := time.Since(begun); d > time.Second {
				t.Errorf("client %d needed %v to connect", wave, d)
			}
			wg.Go(func() {
				if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, time.Second); err != nil {
					t.Errorf("client %d: %v", wave, err)
				}
			})
			time.Sleep(200 * time.Millisecond)
		}
		wg.Wait()
		if got := hub.GetMetrics(); got.Refused[qerrors.HelloTimeout] != waves*each || len(got.Refused) != 1 || len(got.Disconnected) != 0 {
			t.Errorf("refused %v, disconnected %v", got.Refused, got.Disconnected)
		}
	})
}

// Acknowledgements that nobody waits for change nothing: not what a sender is
// told, not what is counted, and nothing stays of them.
func TestFloodOfAcks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		hub := n.Hub(testnet.Echo(), nil)
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		p.Hello("hostile")
		promise, err := hub.SendAsync(t.Context(), "hostile", testnet.Command("x"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		asked := p.Receive().GetData()
		before := heap()
		for batch := range 100 {
			acks := make([]*protocol.Frame, 1000)
			for i := range acks {
				acks[i] = testnet.Ack(uint64(1000 + batch*len(acks) + i))
			}
			p.Send(acks...)
		}
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, time.Second); err != nil {
			t.Error(err)
		}
		select {
		case <-promise.Done():
			t.Fatal("an acknowledgement for another message has completed a promise")
		default:
		}
		p.Send(testnet.Ack(asked.Number), testnet.Ack(asked.Number))
		if ack, err := promise.Result(); ack.GetNumber() != asked.Number {
			t.Errorf("the promise ended with %v, %v", ack, err)
		}
		if after := heap(); after > before+8<<20 {
			t.Errorf("%d KiB are held", (after-before)>>10)
		}
		if got := hub.GetMetrics(); got.MessagesReceived != 1 || len(got.HandlerFailures)+len(got.Dropped)+len(got.Disconnected) != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}

// A peer that asks for large answers and reads none of them makes the hub hold
// some of them, not all.
func TestAnswersThatAreNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testnet.Virtual(t)
		var handled testnet.Counter
		hub := n.Hub(handled.Dispatcher(), nil)
		honest := n.Client("honest", testnet.Echo(), nil)
		n.Connect(honest)
		p := n.Dial("hostile")
		p.Send(testnet.Hello("hostile"))
		go func() {
			for i := range 100_000 {
				p.Send(testnet.Data(fmt.Sprint(i), make([]byte, 10<<10)))
			}
		}()
		time.Sleep(10 * time.Second)
		// Its queue of 4 MiB is full, and each message that was taken before that.
		if n := handled.Load(); n > 4<<20/(10<<10)+2000 {
			t.Errorf("%d of its messages were handled", n)
		}
		if _, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, time.Second); err != nil {
			t.Errorf("an honest client: %v", err)
		}
		if err := hub.Disconnect("hostile", "enough"); err != nil {
			t.Error(err)
		}
	})
}
