package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// Messages in both directions at once are each acknowledged with their own
// answer, and each handled once.
func TestExchange(t *testing.T) {
	t.Parallel()
	const messages = 200
	dir := t.TempDir()
	recorder := func(side string) string {
		return `sh -c 'echo "$QUIC_MESSAGE_ID" >> ` + filepath.Join(dir, side) + `; cat'`
	}
	h := startHub(t, "-handler", recorder("hub"))
	h.agent("agent", "-handler", recorder("agent"))
	sender := h.library("sender")
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < messages; i += 8 {
				text := fmt.Sprint("to the agent ", i)
				if reply := h.ask("agent", text); !reply.Success || reply.Ack.Result != text {
					t.Errorf("%q was answered %+v", text, reply)
				}
			}
		})
		wg.Go(func() {
			for i := worker; i < messages; i += 8 {
				text := fmt.Sprint("to the hub ", i)
				msg := &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte(text)}
				ack, err := sender.SendMessage(t.Context(), msg, true, patience)
				if err != nil || string(ack.Result) != text {
					t.Errorf("%q was answered %v, %v", text, ack, err)
				}
			}
		})
	}
	wg.Wait()
	for _, side := range []string{"hub", "agent"} {
		content, err := os.ReadFile(filepath.Join(dir, side))
		if err != nil {
			t.Fatal(err)
		}
		ids := strings.Fields(string(content))
		distinct := map[string]bool{}
		for _, id := range ids {
			distinct[id] = true
		}
		if len(ids) != messages || len(distinct) != messages {
			t.Errorf("the handler of the %s ran %d times for %d messages, want %d", side, len(ids), len(distinct), messages)
		}
	}
}

// library connects a client that lives in this process: starting a process for
// each of its messages would take most of the time.
func (h *hub) library(id string) *client.Client {
	h.t.Helper()
	c, err := client.NewClient(&client.ClientConfig{ClientID: id, TLSCAFile: filepath.Join(built.certs, certs.CACertFile)})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := c.Connect(h.addr); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			h.t.Error(err)
		}
	})
	return c
}
