package server_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// accept returns the next stream of the hub.
func accept(t *testing.T, p *testnet.Peer) *quic.ReceiveStream {
	t.Helper()
	s, err := p.Conn.AcceptUniStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A client that takes minutes to read the answers that it has asked for, and
// pings meanwhile, is slow and not silent. Its pings may wait in a stream behind
// the requests that the hub has yet to take.
func TestSlowReaderIsNotSilent(t *testing.T) {
	const requests, answer, perSecond = 200, 60 << 10, 32000
	for name, lane := range map[string]func(p *testnet.Peer) io.Writer{
		"pings behind the requests": func(p *testnet.Peer) io.Writer { return p.Main() },
		"pings on another stream":   func(p *testnet.Peer) io.Writer { return p.Open() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				hub := n.Hub(testnet.Handle(func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
					return &protocol.DataMessage{Payload: make([]byte, answer)}, nil
				}), nil)
				p := n.Dial("slow")
				p.Send(testnet.Hello("slow"))
				control := accept(t, p)
				go func() { _, _ = io.Copy(io.Discard, control) }()
				time.Sleep(time.Second)
				all := lane(p)
				go func() {
					for i := range requests {
						_, _ = all.Write(testnet.Encode(testnet.Data(fmt.Sprint(i), nil)))
					}
				}()
				pings := time.NewTicker(15 * time.Second)
				defer pings.Stop()
				done := make(chan struct{})
				defer close(done)
				go func() {
					for {
						select {
						case <-pings.C:
							go p.Send(testnet.Ping())
						case <-done:
							return
						}
					}
				}()
				acks := accept(t, p)
				buffer := make([]byte, perSecond/10)
				for read := 0; read < requests*answer; {
					got, err := acks.Read(buffer)
					if err != nil {
						t.Fatalf("after %d bytes: %v; disconnected %v", read, err, hub.GetMetrics().Disconnected)
					}
					read += got
					time.Sleep(time.Duration(got) * time.Second / perSecond)
				}
				if _, ok := hub.Client("slow"); !ok {
					t.Error("the client was removed")
				}
			})
		})
	}
}
