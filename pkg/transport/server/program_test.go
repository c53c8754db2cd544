package server_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// program is a random life of a hub and its clients.
type program struct {
	clients       int
	loss          float64
	seed          uint64
	maxQueueBytes int
	maxPromises   int
	dispatcher    dispatcher.Config
	steps         []step
	hubEndsFirst  bool
}

type action string

const (
	up         action = "client sends"
	down       action = "hub sends"
	broadcast  action = "hub broadcasts"
	disconnect action = "hub disconnects the client"
	cut        action = "network of the client is cut"
	mend       action = "network of the client is mended"
	closeOne   action = "client closes"
	stop       action = "hub stops"
)

// step is one thing that happens, on the client with this number or about it.
type step struct {
	pause  time.Duration // before it
	action action
	client int
	msg    letter
}

// letter is a message and how it is sent.
type letter struct {
	size     int
	priority protocol.Priority
	waitAck  bool
	timeout  time.Duration // 0 is that of the library
	cancel   time.Duration // when its context is cancelled; 0 is before the call, negative is never
}

func (s step) String() string {
	text := fmt.Sprintf("+%v %s %s", s.pause, name(s.client), s.action)
	if s.action == up || s.action == down || s.action == broadcast {
		text += fmt.Sprintf(" %+v", s.msg)
	}
	return text
}

func drawProgram(t *rapid.T) *program {
	p := &program{
		clients:       rapid.IntRange(1, 3).Draw(t, "clients"),
		loss:          rapid.SampledFrom([]float64{0, 0.02, 0.1}).Draw(t, "loss"),
		seed:          rapid.Uint64().Draw(t, "seed"),
		maxQueueBytes: rapid.SampledFrom([]int{2000, 100 << 10, 0}).Draw(t, "MaxQueueBytes"),
		maxPromises:   rapid.SampledFrom([]int{0, 3}).Draw(t, "MaxPromises"),
		dispatcher: dispatcher.Config{
			Workers:   rapid.SampledFrom([]int{1, 10}).Draw(t, "Workers"),
			QueueSize: rapid.SampledFrom([]int{1, 1000}).Draw(t, "QueueSize"),
		},
		hubEndsFirst: rapid.Bool().Draw(t, "hub ends first"),
	}
	m := mood{
		clients: p.clients,
		calm:    rapid.Bool().Draw(t, "calm"),
		hasty:   rapid.Bool().Draw(t, "hasty"),
		large:   rapid.Bool().Draw(t, "large"),
	}
	least := rapid.SampledFrom([]int{1, 1, 1, 30}).Draw(t, "least steps")
	p.steps = rapid.SliceOfN(rapid.Custom(m.step), least, 60).Draw(t, "steps")
	return p
}

// mood is what the steps of a program have in common.
type mood struct {
	clients int
	calm    bool // connections end in order only
	hasty   bool // no pauses
	large   bool // most messages have streams of their own
}

func (m mood) step(t *rapid.T) step {
	actions := []action{up, up, up, up, up, up, down, down, down, down, down, broadcast, closeOne, stop}
	if !m.calm {
		actions = append(actions, disconnect, cut, cut, mend, mend)
	}
	sizes := rapid.IntRange(0, 2000)
	if m.large {
		sizes = rapid.IntRange(60<<10, 200<<10)
	}
	pauses := []int{0}
	if !m.hasty {
		pauses = []int{0, 0, 1, 10, 100, 2000}
	}
	milliseconds := func(label string, values ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(values).Draw(t, label)) * time.Millisecond
	}
	return step{
		pause:  milliseconds("pause", pauses...),
		action: rapid.SampledFrom(actions).Draw(t, "action"),
		client: rapid.IntRange(0, m.clients-1).Draw(t, "client"),
		msg: letter{
			size:     rapid.OneOf(sizes, sizes, rapid.IntRange(0, 200<<10)).Draw(t, "size"),
			priority: protocol.Priority(rapid.IntRange(0, 2).Draw(t, "priority")),
			waitAck:  rapid.Bool().Draw(t, "waitAck"),
			timeout:  milliseconds("timeout", 0, 0, 0, 60_000, 1000, 30),
			cancel:   milliseconds("cancel", -1, -1, -1, -1, -1, 0, 15, 500),
		},
	}
}

// calm reports whether all connections of the program end in order.
func (p *program) calm() bool {
	for _, s := range p.steps {
		switch s.action {
		case disconnect, cut, mend:
			return false
		}
	}
	return true
}

func name(client int) string { return fmt.Sprint("client ", client) }

// message returns the message of step i.
func (p *program) message(i int) *protocol.DataMessage {
	s := p.steps[i]
	m := testnet.Command(text(i, s.msg.size))
	m.MsgId, m.Priority = fmt.Sprint(i), s.msg.priority
	return m
}

// text is the payload of the message of step i.
func text(i, size int) string {
	b := make([]byte, size)
	for j := range b {
		b[j] = byte(i + j)
	}
	return string(b)
}
