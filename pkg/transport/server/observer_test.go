package server_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// observer notes what the handlers and hooks of one hub or client are told.
type observer struct {
	p *program

	mu          sync.Mutex
	handled     map[string]int // by message id
	corrupt     []string       // ids of messages that came with another payload
	failures    int            // handlers that returned an error
	sent        map[string][]error
	received    int
	late        int // promises that timed out
	broadcasts  int
	connections int
	reconnects  int
	alive       map[string]int // connections by client id
	disorder    []string
}

func newObserver(p *program) *observer {
	return &observer{p: p, handled: make(map[string]int), sent: make(map[string][]error), alive: make(map[string]int)}
}

// locked makes f note something.
func (o *observer) locked(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *observer) dispatcher() *dispatcher.Dispatcher {
	return testnet.HandleWith(o.p.dispatcher, o.handle)
}

var errHandler = errors.New("the handler says no")

func (o *observer) handle(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
	i, err := strconv.Atoi(m.MsgId)
	if err != nil {
		return nil, err
	}
	fails := failing(i)
	o.locked(func() {
		o.handled[m.MsgId]++
		if string(m.Payload) != text(i, o.p.steps[i].msg.size) {
			o.corrupt = append(o.corrupt, m.MsgId)
		}
		if fails {
			o.failures++
		}
	})
	select {
	case <-time.After(time.Duration(i%5) * 10 * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err() // or it would outlive the hub
	}
	if fails {
		return nil, errHandler
	}
	return &protocol.DataMessage{Payload: m.Payload}, nil
}

// failing reports whether the handler of message i returns an error.
func failing(i int) bool { return i%8 == 7 }

func (o *observer) hooks() *monitoring.EventHooks {
	return &monitoring.EventHooks{
		OnConnect: func(id string) {
			o.connection(id, 1)
			o.locked(func() { o.connections++ })
		},
		OnDisconnect: func(id string, _ error) { o.connection(id, -1) },
		OnReconnect:  func(string, int) { o.locked(func() { o.reconnects++ }) },
		OnMessageSent: func(msgID, _ string, err error) {
			o.locked(func() { o.sent[msgID] = append(o.sent[msgID], err) })
		},
		OnMessageReceived: func(string, string) { o.locked(func() { o.received++ }) },
		OnBroadcast:       func(string, int, int) { o.locked(func() { o.broadcasts++ }) },
		OnPromiseTimeout:  func(string, string) { o.locked(func() { o.late++ }) },
	}
}

// connection notes a connection more or less.
func (o *observer) connection(id string, change int) {
	o.locked(func() {
		o.alive[id] += change
		if n := o.alive[id]; n < 0 || n > 1 {
			o.disorder = append(o.disorder, fmt.Sprintf("%d connections of %s", n, id))
		}
	})
}
