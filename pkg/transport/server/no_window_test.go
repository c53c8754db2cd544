package server_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The welcome is written while no other client can be entered: a client that leaves no room
// for one byte of it keeps nobody.
func TestNoRoomForTheWelcome(t *testing.T) {
	n := testnet.Loopback(t)
	hub := n.Hub(testnet.Echo(), nil)
	conn, err := quic.DialAddr(t.Context(), n.Addr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}}, &quic.Config{
		InitialStreamReceiveWindow: 1, MaxStreamReceiveWindow: 1,
		InitialConnectionReceiveWindow: 1, MaxConnectionReceiveWindow: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseWithError(0, "") }()
	s, err := conn.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(testnet.Encode(testnet.Hello("hostile"))); err != nil {
		t.Fatal(err)
	}
	honest := n.Client("honest", testnet.Echo(), nil)
	n.Connect(honest)
	entered := make(chan bool)
	go func() {
		_, ok := hub.Client("hostile")
		for !ok {
			time.Sleep(time.Millisecond)
			_, ok = hub.Client("hostile")
		}
		close(entered)
	}()
	select {
	case <-entered:
	case <-time.After(time.Minute):
		t.Fatal("the hub is kept")
	}
	if ack, err := honest.SendMessage(t.Context(), testnet.Command("x"), true, 0); err != nil || ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS {
		t.Errorf("an honest client: %v, %v", ack, err)
	}
}
