package apiclient_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/session"
)

func BenchmarkList(b *testing.B) {
	for _, n := range []int{1000, 10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var hub testhub.Hub
			var clients []session.Info
			for i := range n {
				clients = append(clients, session.Info{ClientID: fmt.Sprintf("client-%06d", i*7919%n), RemoteAddr: "192.0.2.1:12345", SessionID: "x", ConnectedAt: time.Now(), LastSeen: time.Now()})
			}
			hub.Connect(clients...)
			api := testhub.Serve(b, &hub)
			c := newClient(b, api)
			for b.Loop() {
				if page, err := c.List(b.Context(), "", 0); err != nil || len(page.Clients) != n {
					b.Fatal(len(page.Clients), err)
				}
			}
		})
	}
}
