package client_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func pair(tb testing.TB, n int) (*server.Server, []*client.Client) {
	dir := tb.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		tb.Fatal(err)
	}
	srv, err := server.NewServer(&server.ServerConfig{TLSCertFile: dir + "/server.crt", TLSKeyFile: dir + "/server.key", Logger: monitoring.NewLogger(monitoring.LogLevelWarn, "text")})
	if err != nil {
		tb.Fatal(err)
	}
	d := dispatcher.NewDispatcher(nil)
	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, dispatcher.HandlerFunc(func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		return &protocol.DataMessage{Payload: m.Payload}, nil
	}))
	srv.SetDispatcher(d)
	if err := srv.Start("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	var cs []*client.Client
	for i := range n {
		c, err := client.NewClient(&client.ClientConfig{ClientID: fmt.Sprint("c", i), TLSCAFile: dir + "/ca.crt", Logger: monitoring.NewLogger(monitoring.LogLevelWarn, "text")})
		if err != nil {
			tb.Fatal(err)
		}
		c.SetDispatcher(d)
		if err := c.Connect(srv.Addr().String()); err != nil {
			tb.Fatal(err)
		}
		cs = append(cs, c)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for _, c := range cs {
			if err := c.Close(ctx); err != nil {
				tb.Error(err)
			}
		}
		if err := srv.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	return srv, cs
}

func TestSmoke(t *testing.T) {
	srv, cs := pair(t, 1)
	msg := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte("hi")}
	ack, err := cs[0].SendMessage(context.Background(), msg, true, 0)
	t.Log(ack, err)
	ack, err = srv.SendMessage(context.Background(), "c0", msg, true, 0)
	t.Log(ack, err)
	msg.Payload = make([]byte, 1<<20)
	ack, err = srv.SendMessage(context.Background(), "c0", msg, true, 0)
	t.Log(len(ack.GetResult()), err)
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, c := range []struct{ conns, inflight int }{{1, 1}, {1, 64}, {1, 512}, {32, 16}} {
		b.Run(fmt.Sprintf("conns=%d/inflight=%d", c.conns, c.inflight), func(b *testing.B) {
			_, cs := pair(b, c.conns)
			msg := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: make([]byte, 128)}
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for _, cl := range cs {
				for range c.inflight {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							if _, err := cl.SendMessage(context.Background(), msg, true, 0); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}
