package server_test

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
)

// A client that leaves no room for the hub's welcome keeps nobody else out, for whom the
// hub's list of clients must not be locked meanwhile.
func TestClientWithoutRoom(t *testing.T) {
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, n.Addr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}},
		&quic.Config{InitialStreamReceiveWindow: 1, MaxStreamReceiveWindow: 1, MaxIncomingUniStreams: 10, KeepAlivePeriod: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseWithError(0, "") }()
	stream, err := conn.OpenUniStream()
	if err == nil {
		_, err = stream.Write(testnet.Encode(testnet.Hello("hostile")))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.AcceptUniStream(ctx); err != nil { // it has the first byte of a welcome
		t.Fatal(err)
	}
	c := n.Client("honest", testnet.Echo(), nil)
	n.Connect(c)
	if ack, err := hub.SendMessage(ctx, "honest", testnet.Command("x"), true, 0); err != nil || string(ack.Result) != "x" {
		t.Errorf("the other client answers %v, %v", ack, err)
	}
}
