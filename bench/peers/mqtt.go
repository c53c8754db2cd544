package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/voilet/QuicFlow/internal/load"
)

// MQTT: the broker is embedded in the application, which subscribes and publishes
// by its inline client. All is published with QoS 1, at least once: a question goes
// to the topic of its client, and the answer comes on another; a message one way is
// done when the broker has acknowledged it. The client does not keep the order of
// messages, as its documentation recommends.
type mqttServer struct {
	broker   *mqtt.Server
	listener listeners.Listener
}

const (
	mqttAsk    = "ask/"
	mqttAnswer = "answer/"
	mqttTell   = "tell"
	mqttAll    = "all"
	qos        = 1
)

func serveMQTT(secure *tls.Config, tally *load.Tally) (server, error) {
	broker := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	broker.Options.Capabilities.MaximumClientWritesPending = 1 << 20 // else it drops answers
	listener := listeners.NewTCP(listeners.Config{ID: "tls", Address: "127.0.0.1:0", TLSConfig: secure})
	err := errors.Join(broker.AddHook(new(auth.AllowHook), nil), broker.AddListener(listener))
	if err != nil {
		return nil, err
	}
	s := &mqttServer{broker, listener}
	err = errors.Join(
		broker.Subscribe(mqttAsk+"+", 1, func(_ *mqtt.Client, _ packets.Subscription, p packets.Packet) {
			tally.Count(p.Payload)
			name := p.TopicName[len(mqttAsk):]
			_ = broker.Publish(mqttAnswer+name, p.Payload, false, qos) // an error is that of a client that has gone
		}),
		broker.Subscribe(mqttTell, 2, func(_ *mqtt.Client, _ packets.Subscription, p packets.Packet) { tally.Count(p.Payload) }),
		broker.Serve())
	return s, err
}

// Ask is part of [load.Hub], as is Broadcast.
func (s *mqttServer) Ask(context.Context, string, []byte) error { return errUnable }

func (s *mqttServer) Broadcast(_ context.Context, payload []byte) (failed int, err error) {
	return 0, s.broker.Publish(mqttAll, payload, false, qos)
}

func (s *mqttServer) Addr() string { return s.listener.Address() }

func (s *mqttServer) Close() error { return s.broker.Close() }

type mqttDialer struct {
	addr     string
	secure   *tls.Config
	received func([]byte)
}

func openMQTT(addr string, secure *tls.Config, _ load.Work) (dialer, error) {
	return &mqttDialer{addr: addr, secure: secure}, nil
}

func (d *mqttDialer) Receive(f func([]byte)) { d.received = f }

func (d *mqttDialer) Close() error { return nil }

func (d *mqttDialer) Dial(_ context.Context, name string) (load.Conn, error) {
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tls://" + d.addr).SetClientID(name).SetTLSConfig(d.secure).
		SetAutoReconnect(false).SetOrderMatters(false).SetKeepAlive(heartbeat).SetMessageChannelDepth(1000))
	c := &mqttConn{client: client, topic: mqttAsk + name}
	if err := done(client.Connect()); err != nil {
		return nil, err
	}
	err := errors.Join(
		done(client.Subscribe(mqttAnswer+name, qos, func(_ paho.Client, m paho.Message) { c.answered(m.Payload()) })),
		done(client.Subscribe(mqttAll, qos, func(_ paho.Client, m paho.Message) { d.received(m.Payload()) })))
	if err != nil {
		return nil, errors.Join(err, c.Close(context.Background()))
	}
	return c, nil
}

// done waits for what the client was told to do.
func done(t paho.Token) error {
	if !t.WaitTimeout(requestTime) {
		return errors.New("the broker does not answer")
	}
	return t.Error()
}

// mqttConn knows answers by the beginning of the payload, which no other has: the
// protocol's version that the client speaks has no ids for them.
type mqttConn struct {
	client paho.Client
	topic  string

	mu    sync.Mutex
	asked map[[load.HeaderSize]byte]chan struct{}
}

func (c *mqttConn) Ask(_ context.Context, payload []byte) error {
	id, answer := [load.HeaderSize]byte(payload), make(chan struct{})
	c.mu.Lock()
	if c.asked == nil {
		c.asked = map[[load.HeaderSize]byte]chan struct{}{}
	}
	c.asked[id] = answer
	c.mu.Unlock()
	c.client.Publish(c.topic, qos, false, bytes.Clone(payload)) // which is kept until it is acknowledged
	late := time.NewTimer(requestTime)
	defer late.Stop()
	select {
	case <-answer:
		return nil
	case <-late.C:
		return errors.New("no answer")
	}
}

func (c *mqttConn) answered(payload []byte) {
	if len(payload) < load.HeaderSize {
		return
	}
	id := [load.HeaderSize]byte(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer := c.asked[id]; answer != nil { // at least once: perhaps twice
		delete(c.asked, id)
		close(answer)
	}
}

func (c *mqttConn) Tell(_ context.Context, payload []byte) error {
	return done(c.client.Publish(mqttTell, qos, false, bytes.Clone(payload)))
}

func (c *mqttConn) Close(context.Context) error {
	c.client.Disconnect(0)
	return nil
}
