package link_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestDrainOrders drives each side through the events of a drain in every order.
func TestDrainOrders(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { rapid.SyncTest(rt, drainInAnyOrder) })
}

func drainInAnyOrder(t *rapid.T) {
	d := &draining{
		hub:  rapid.Bool().Draw(t, "hub"),
		data: rapid.IntRange(0, 3).Draw(t, "data"), acks: rapid.IntRange(0, 3).Draw(t, "acks"),
	}
	events := d.events(t)
	s := newSide(t, d.hub, 1<<20)
	defer s.stop()
	for i := range d.acks {
		if _, err := s.cfg.SendAsync(t.Context(), "a", s.pick, message(fmt.Sprint("ours ", i), 0, 10), time.Hour); err != nil {
			t.Fatalf("%v", err)
		}
	}
	for _, event := range events {
		d.apply(t, s, event)
		d.step(event)
		synctest.Wait()
		d.check(t, s, event)
	}
	if !d.hub {
		wantEnd(t, s)
		return
	}
	// The client's close may be lost: the hub gives it a second and four round trips.
	time.Sleep(time.Second + 4*s.RTT() - time.Millisecond)
	if s.ctx.Err() != nil {
		t.Errorf("the hub did not wait for the client's close")
	}
	time.Sleep(2 * time.Millisecond)
	wantEnd(t, s)
}

func wantEnd(t *rapid.T, s *side) {
	if cause := context.Cause(s.ctx); s.ctx.Err() == nil || qerrors.CodeOf(cause) != qerrors.OK {
		t.Errorf("after the drain the connection has ended with %v", cause)
	}
}

// apply makes the event happen.
func (d *draining) apply(t *rapid.T, s *side, event string) {
	switch event {
	case drainHere:
		go func() { _ = s.link.Drain(context.Background(), &protocol.GoAway{Code: uint32(qerrors.Draining)}) }()
	case dataComes:
		s.gated.Send(testnet.Data(fmt.Sprint("theirs ", d.dataHere), nil))
	case ackComes:
		s.gated.Send(testnet.Ack(uint64(d.acksHere + 1)))
	case goAway:
		s.gated.Send(testnet.GoAway(uint64(d.data)))
	case handled:
		s.gated.Send(&protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{AcksSent: uint64(d.acks)}}})
	case complete:
		s.gated.Send(&protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}})
	default:
		t.Fatalf("what is %q?", event)
	}
}

func (d *draining) check(t *rapid.T, s *side, event string) {
	t.Helper()
	var goAways, handleds, completes int
	for _, f := range s.Frames(onControl) {
		switch {
		case f.GetGoAway() != nil:
			goAways++
			if n := f.GetGoAway().DataSent; n != uint64(d.acks) {
				t.Errorf("GoAway says that %d were sent, want %d", n, d.acks)
			}
		case f.GetHandled() != nil:
			handleds++
			if n := f.GetHandled().AcksSent; n != uint64(d.data) {
				t.Errorf("Handled says that %d acknowledgements were sent, want %d", n, d.data)
			}
		case f.GetComplete() != nil:
			completes++
		}
	}
	count := map[bool]int{true: 1}
	if goAways != count[d.saidGoAway] || handleds != count[d.saidHandled] || completes != count[d.saidComplete] {
		t.Errorf("after %s: %d GoAway, %d Handled, %d Complete; the model has %v, %v, %v",
			event, goAways, handleds, completes, d.saidGoAway, d.saidHandled, d.saidComplete)
	}
}
