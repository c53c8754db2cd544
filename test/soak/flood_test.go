package soak

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// TestHandshakeFlood has one address begin 5,000 handshakes a second, which it never goes on
// with, while 100 clients work, and new ones come: all of them are served. With -duration the
// median of their P99 may be twice what it is without the flood.
func TestHandshakeFlood(t *testing.T) {
	const honest, perSecond, rounds = 100, 5000, 5
	hub := testprocess.Start(t, exec.Command(built.hub, hubArgs("-handler-timeout", "10s", "-metrics", "127.0.0.1:0")...))
	addr, metrics := hub.Addr("msg=listening"), "http://"+hub.Addr("monitoring listening")+"/metrics"
	clients := make([]*client.Client, honest)
	for i := range clients {
		clients[i] = connect(t, addr, fmt.Sprint(i))
	}
	initials := captureInitials(t, 2000)
	var calms, floods []time.Duration // in turns, as the machine may have other things to do
	sent := 0
	for i := range rounds {
		calms = append(calms, p99(t, clients, long()/rounds))
		stop := replay(t, initials, addr, perSecond)
		floods = append(floods, p99(t, clients, long()/rounds))
		exchange(t, connect(t, addr, fmt.Sprint("new", i))) // the room for handshakes is not all the flood's
		sent += stop()
	}
	calm, flooded := median(calms), median(floods)
	_, text := testprocess.Get(t, metrics)
	stopped := seriesOf(text, "quic_backbone_address_validations_total ")
	t.Logf("P99 of %d clients, %v: %v; under %d packets of a flood, %v: %v; %s", honest, calms, calm, sent, floods, flooded, stopped)
	if stopped == "" || strings.HasSuffix(stopped, " 0") {
		t.Errorf("no address was validated: %q", stopped)
	}
	if *duration > 0 && flooded > 2*calm {
		t.Errorf("the P99 is %v, and %v under a flood", calm, flooded)
	}
}

// seriesOf returns the line of a metric.
func seriesOf(text, beginning string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, beginning) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func exchange(t *testing.T, c *client.Client) {
	t.Helper()
	if _, err := c.SendMessage(t.Context(), testnet.Command("x"), true, patience); err != nil {
		t.Error(err)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// p99 has each client send twenty messages a second, and returns the 99th percentile of
// their round trips.
func p99(t *testing.T, clients []*client.Client, long time.Duration) time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	end := time.Now().Add(long)
	for i, c := range clients {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 50 * time.Millisecond / time.Duration(len(clients)))
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for first := true; first || time.Now().Before(end); first = false {
				begun := time.Now()
				exchange(t, c)
				took := time.Since(begun)
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
				<-tick.C
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	return all[len(all)*99/100]
}

// captureInitials returns the first packets of so many handshakes, all different.
func captureInitials(t *testing.T, count int) (packets [][]byte) {
	t.Helper()
	hole, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	buffer := make([]byte, 2000)
	ctx, cancel := context.WithCancel(t.Context())
	var dials sync.WaitGroup
	defer dials.Wait()
	defer cancel()
	for range count {
		one, abandon := context.WithCancel(ctx)
		dials.Go(func() {
			_, _ = quic.DialAddr(one, hole.LocalAddr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"quic-backbone/1"}}, nil)
		})
		for range 2 { // a ClientHello fills two packets
			n, _, err := hole.ReadFrom(buffer)
			if err != nil {
				t.Fatal(err)
			}
			packets = append(packets, slices.Clone(buffer[:n]))
		}
		abandon()
	}
	return packets
}

// replay sends packets, again and again, from one address that answers nothing, until stop is
// called, which returns how many it has sent.
func replay(t *testing.T, packets [][]byte, addr string, perSecond int) (stop func() int) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("there is no other address: %v", err)
	}
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	const burst = time.Millisecond
	over, sent := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		tick := time.NewTicker(burst)
		defer tick.Stop()
		for {
			for range perSecond * int(burst) / int(time.Second) {
				_, _ = pc.WriteTo(packets[n%len(packets)], to)
				n++
			}
			select {
			case <-tick.C:
			case <-over:
				sent <- n
				return
			}
		}
	}()
	return func() int {
		close(over)
		defer pc.Close()
		return <-sent
	}
}
