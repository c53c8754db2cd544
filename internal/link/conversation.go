package link

import (
	"crypto/rand"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Conversation is what a client and the hub have to say to each other while both
// processes live, on one connection after another. It remembers what this side has
// sent and what was not acknowledged yet, to send it again on the next connection, and
// what it has handled for the peer, so that nothing is handled twice.
//
// At any time one link has it at most: the next one gets it when the readers of the one
// before have ended. [Conversation.Close] comes last.
type Conversation struct {
	cfg      *Config
	clientID string
	base     wire.IDBase // of the ids of the messages of this side
	promises *callback.Table
	order    dispatcher.Order // of the peer's messages

	session atomic.Pointer[session.Session] // of the link that has it
	number  atomic.Uint32                   // of the link that has it, or had it last

	mu     sync.Mutex
	id     string // of its session, which the links share; empty before the first one
	secret []byte // what the client has to show to go on with it
	link   *Link  // that has it
	epochs uint64 // how many sessions there were
	memory memory
	early  early
}

// NewConversation returns a conversation that has not begun, with the client of this
// id.
func (c *Config) NewConversation(clientID string) *Conversation {
	v := &Conversation{cfg: c, clientID: clientID, base: newIDBase()}
	v.promises = c.Promises.NewTable(callback.Hooks{Done: v.answered, Abandoned: v.called, ID: v.idOf})
	return v
}

// Close ends the conversation: what is not acknowledged fails with err, and is
// unknown. No link may have it.
func (v *Conversation) Close(err error) { v.promises.Close(err) }

// Blank reports whether neither side would miss the conversation, for all that this one
// knows.
func (v *Conversation) Blank() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.promises.Len() == 0 && len(v.memory.handling) == 0 && len(v.memory.answers) == 0
}

// resume returns what the client's hello says of an earlier session; nil if there was
// none.
func (v *Conversation) resume() *protocol.Resume {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.id == "" {
		return nil
	}
	return &protocol.Resume{SessionId: v.id, Secret: v.secret, Oldest: v.promises.Oldest()}
}

// knows reports whether the hub has the session that a client asks for. It is called with
// mu held.
func (v *Conversation) knows(r *protocol.Resume) bool {
	return v.id != "" && r.GetSessionId() == v.id && subtle.ConstantTimeCompare(r.GetSecret(), v.secret) == 1
}

// holder returns the link that has the conversation, or nil.
func (v *Conversation) holder() *Link {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.link
}

// attach gives the conversation to l, unless another link has it, and returns the id of its
// session: of the one before if resumes says so, which is called with mu held. Otherwise it
// is session, and what was not acknowledged before fails, but for what may be handled
// twice. The peer sends no message again whose number is below oldest.
func (v *Conversation) attach(l *Link, resumes func() bool, session string, secret []byte, oldest uint64) (id string, ok bool) {
	v.mu.Lock()
	if v.link != nil {
		v.mu.Unlock()
		return "", false
	}
	v.link, l.talk = l, v
	began := v.id == ""
	if l.resumed = resumes(); l.resumed {
		v.memory.below(oldest)
	} else {
		v.epochs++
		v.id, v.secret = session, secret
		v.memory.reset()
		v.early.reset() // the numbers begin anew
	}
	l.epoch, id = v.epochs, v.id
	v.mu.Unlock()
	if l.resumed || began {
		l.calledOff = v.promises.Forget()
	} else {
		v.promises.FailAll(qerrors.New(qerrors.ConnectionLost,
			"the connection has ended, and the other side, which was restarted or has forgotten this one, knows nothing of what it had received"),
			func(s *callback.Sent) bool { return s.Message.GetIdempotent() })
	}
	l.again = v.promises.Pending()
	l.resent = v.cfg.nothing
	if len(l.again)+len(l.calledOff) > 0 {
		l.resent = make(chan struct{})
	}
	return id, true
}

// detach takes the conversation from l, of which nothing runs any more but handlers.
// What l has answered, and the peer may not have received, is kept.
func (v *Conversation) detach(l *Link, u *unseen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.link = nil
	v.session.Store(nil) // which knows the connection
	if l.epoch == v.epochs {
		for _, o := range u.acks[u.head:] {
			v.memory.keep(o.answer)
		}
		for _, large := range u.large {
			v.memory.keep(large)
		}
		v.memory.forgotten = max(v.memory.forgotten, u.forgotten)
	}
	*u = unseen{} // handlers of which the link is still known may go on for long
}

// called is told that nobody waits for an acknowledgement any more.
func (v *Conversation) called(number uint64) {
	if l := v.holder(); l != nil && !l.out.full.Load() {
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Cancel{Cancel: &protocol.Cancel{Number: number}}})
	}
}

// answered is called for each message that an acknowledgement was awaited for. One
// that says that the sender's time was over is as if none had come: which of both
// sides notices first is chance.
func (v *Conversation) answered(p *callback.Promise, ack *protocol.AckMessage, err error, at time.Time) {
	c := v.cfg
	late := qerrors.CodeOf(err) == qerrors.Timeout
	if ack.GetStatus() == protocol.AckStatus_ACK_STATUS_TIMEOUT {
		late = true
		c.Metrics.Failed.Add(qerrors.Timeout, 1)
	} else if err == nil {
		c.Metrics.Answered.Add(ack.Status)
		c.Metrics.RoundTrips.Observe(v.number.Load(), p.Type(), at.Sub(p.Begun()))
	}
	if ack.GetStatus() != protocol.AckStatus_ACK_STATUS_SUCCESS {
		if s := v.session.Load(); s != nil {
			s.SendFailures.Add(1)
		}
	}
	if late {
		c.Events.PromiseTimeout(p.MessageID(), v.clientID)
	}
	id := ""
	if c.Events.PerMessage() {
		id = p.MessageID()
	}
	c.sent(id, v.clientID, err)
}

// idOf returns the id of a message of this side that was given none.
func (v *Conversation) idOf(number uint64, begun time.Time) string {
	return v.base.ID(begun.UnixMilli(), number)
}

// secretBytes is the length of a session's secret.
const secretBytes = 16

func newSecret() []byte {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails
	return secret
}
