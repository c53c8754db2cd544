package monitoring

import "sync/atomic"

// EventHooks are functions that are told what happens. Each is optional.
//
// They are called one after another, in the order of the events, on a goroutine
// of their own: a slow hook holds up the other hooks and nothing else. When more
// than 8,192 events wait, those about single messages are dropped and counted, and
// from 131,072 on all are; OnDropped tells. A panic in a hook is logged. A hook must not
// wait for Stop or Close, which wait for the hooks.
//
// clientID is the client concerned; on a client it is always its own id.
type EventHooks struct {
	// OnConnect: a session began.
	OnConnect func(clientID string)
	// OnDisconnect: a session ended; err says why and is nil for an orderly end.
	OnDisconnect func(clientID string, err error)
	// OnReconnect: a client has a connection again, after that many attempts.
	// It is called on the client, after OnConnect.
	OnReconnect func(clientID string, attempts int)
	// OnHeartbeatTimeout: a session ends because the peer was silent too long.
	OnHeartbeatTimeout func(clientID string)
	// OnMessageSent: a message was acknowledged, or queued for sending if no
	// acknowledgement was asked for, or, with an err, neither.
	OnMessageSent func(msgID, clientID string, err error)
	// OnMessageReceived: a message arrived from clientID, or on a client from
	// the hub, and waits for its handler.
	OnMessageReceived func(msgID, clientID string)
	// OnBroadcast: a broadcast was queued for all but failed of total clients.
	OnBroadcast func(msgID string, total, failed int)
	// OnPromiseTimeout: no acknowledgement came in time.
	OnPromiseTimeout func(msgID, clientID string)
	// OnError: something failed that no caller is told of.
	OnError func(err error)
	// OnDropped: so many events about single messages, and so many others, were
	// dropped because the hooks were too slow. It is called in their place.
	OnDropped func(messages, others int)

	// PerMessage switches the hooks about single messages: OnMessageSent,
	// OnMessageReceived and OnPromiseTimeout. They are called while it is true, and
	// always if it is nil. While it is false a message costs no more than looking at
	// it, where even an empty hook takes a tenth of a busy hub's time.
	PerMessage *atomic.Bool
}
