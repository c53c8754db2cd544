package load

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// memory is a hub and a network in this process, for what real ones do too rarely:
// the tests of quic-bench have real ones.
type memory struct {
	tally    Tally
	orders   *Orders
	received func([]byte)

	mu     sync.Mutex
	dialed int
	open   int

	// What goes wrong; nil does not.
	onDial func(n int) error
	onAsk  func(payload []byte) error
	onTell func(payload []byte) (lost bool)

	onOrder func(order []byte) (answer []byte) // nil of it is the answer of orders

	onBroadcast func()
	unable      int // clients that a broadcast leaves out
}

func newMemory() *memory {
	m := new(memory)
	m.orders = NewOrders((*memoryHub)(m), &m.tally)
	return m
}

func (m *memory) Receive(f func([]byte)) { m.received = f }

func (m *memory) Order(ctx context.Context, order []byte) ([]byte, error) {
	if m.onOrder != nil {
		if answer := m.onOrder(order); answer != nil {
			return answer, nil
		}
	}
	return m.orders.Handle(ctx, order)
}

func (m *memory) Dial(context.Context, string) (Conn, error) {
	time.Sleep(flight)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dialed++
	if m.onDial != nil {
		if err := m.onDial(m.dialed); err != nil {
			return nil, err
		}
	}
	m.open++
	return memoryConn{m}, nil
}

type memoryConn struct{ m *memory }

// flight is how long everything takes.
const flight = time.Millisecond

func (c memoryConn) Ask(_ context.Context, payload []byte) error {
	time.Sleep(flight)
	if c.m.onAsk != nil {
		if err := c.m.onAsk(payload); err != nil {
			return err
		}
	}
	c.m.tally.Count(payload)
	return nil
}

func (c memoryConn) Tell(_ context.Context, payload []byte) error {
	time.Sleep(flight)
	if c.m.onTell == nil || !c.m.onTell(payload) {
		c.m.tally.Count(payload)
	}
	return nil
}

func (c memoryConn) Close(context.Context) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.open--
	return nil
}

type memoryHub memory

func (h *memoryHub) Ask(_ context.Context, _ string, payload []byte) error {
	time.Sleep(flight)
	if h.onAsk != nil {
		return h.onAsk(payload)
	}
	return nil
}

func (h *memoryHub) Broadcast(_ context.Context, payload []byte) (int, error) {
	time.Sleep(flight)
	if h.onBroadcast != nil {
		h.onBroadcast()
	}
	h.mu.Lock()
	open := h.open
	h.mu.Unlock()
	for range open - h.unable {
		h.received(payload)
	}
	return h.unable, nil
}

var errRefused = errors.New("refused")
