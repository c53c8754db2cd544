package link

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// drain is the orderly end of a connection. Closing a QUIC connection throws away
// what was not sent yet, so both sides count what they sent, tell each other, and
// close when each has what the other counted.
type drain struct {
	handled      atomic.Uint64 // data messages of the peer whose handlers have answered
	acksReceived atomic.Uint64
	begun        atomic.Bool // makes the hot path look at what follows
	ours         atomic.Bool // this side has begun it

	mu           sync.Mutex
	sentGoAway   bool
	goAway       *protocol.GoAway // the peer's
	sentHandled  bool
	peerHandled  *protocol.Handled
	sentComplete bool
	peerComplete bool
	linger       *time.Timer // the hub's wait for the client to close
}

// linger is how long the hub, when all is done, waits for the client to close the
// connection, beyond a few round trips. The client's close may be lost, and
// nobody repeats it; the hub's own Complete may be lost, and QUIC repeats that
// meanwhile.
const linger = time.Second

// maxReason is how much of a GoAway's reason is kept, in bytes.
const maxReason = 256

// stop ends the wait for the client's close, after the connection has ended.
func (d *drain) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sentGoAway, d.sentComplete = true, true // nothing begins any more
	if d.linger != nil {
		d.linger.Stop()
	}
}

// Drain ends the connection in order: no new messages, what is under way is
// handled, its acknowledgements arrive. It returns when the connection has ended,
// with an error if that was for another reason and something was under way. When
// ctx ends first, it closes the connection at once.
func (l *Link) Drain(ctx context.Context, g *protocol.GoAway) error {
	l.awaitResent(ctx)
	l.drain.ours.Store(true)
	l.sendGoAway(g)
	idle := l.idle()
	unanswered := time.NewTimer(l.lingerTime())
	defer unanswered.Stop()
	for {
		select {
		case <-l.ctx.Done():
			if cause := l.conn.Cause(); !idle && qerrors.CodeOf(cause) != qerrors.OK {
				return cause
			}
			return nil
		case <-unanswered.C:
			// A peer that is gone does not answer the GoAway. With nothing under way
			// there is no reason to wait for it.
			if idle && l.GoneAway() == nil {
				l.conn.Close(qerrors.OK, g.Reason)
			}
		case <-ctx.Done():
			l.conn.Close(qerrors.Draining, "cut off: "+g.Reason)
			e := *qerrors.FromContext(ctx)
			e.Message = "the connection was cut before all was done: " + e.Message
			return &e
		}
	}
}

// idle reports whether nothing that this side knows of can be lost with the
// connection: nobody waits for an acknowledgement, no handler runs, and no message
// was sent that would be lost in silence.
func (l *Link) idle() bool {
	return !l.Awaits() && l.out.unanswered.Load() == 0 && !l.out.sentSilently()
}

// Awaits reports whether somebody waits for an acknowledgement of the peer.
func (l *Link) Awaits() bool { return l.talk.promises.Len() > 0 }

// lingerTime is how long to wait for a peer that may be gone.
func (l *Link) lingerTime() time.Duration { return linger + 4*l.conn.RTT() }

// GoneAway returns the peer's GoAway, or nil.
func (l *Link) GoneAway() *protocol.GoAway {
	l.drain.mu.Lock()
	defer l.drain.mu.Unlock()
	return l.drain.goAway
}

func (l *Link) sendGoAway(g *protocol.GoAway) {
	d := &l.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sentGoAway {
		return
	}
	d.sentGoAway = true
	g.DataSent = l.out.refuse(qerrors.New(qerrors.Draining, "the connection is being closed and takes no new messages"))
	l.out.control(&protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: g}})
	d.begun.Store(true)
}

func (l *Link) receiveGoAway(g *protocol.GoAway) error {
	d := &l.drain
	d.mu.Lock()
	repeated := d.goAway != nil
	g.Reason = strings.ToValidUTF8(g.Reason[:min(len(g.Reason), maxReason)], "")
	d.goAway = g
	d.mu.Unlock()
	if repeated {
		return qerrors.New(qerrors.ProtocolViolation, "a second GoAway")
	}
	// Not on this goroutine, which reads what makes room for the messages that are
	// sent again.
	l.wg.Go(func() {
		l.awaitResent(l.ctx)
		l.sendGoAway(&protocol.GoAway{})
		l.advance()
	})
	return nil
}

// awaitResent waits until what an earlier connection did not do is under way on this
// one, where it is to be finished.
func (l *Link) awaitResent(ctx context.Context) {
	select {
	case <-l.resent:
	case <-l.ctx.Done():
	case <-ctx.Done():
	}
}

func (l *Link) receiveHandled(h *protocol.Handled) error {
	d := &l.drain
	d.mu.Lock()
	repeated := d.peerHandled != nil
	d.peerHandled = h
	d.mu.Unlock()
	if repeated {
		return qerrors.New(qerrors.ProtocolViolation, "a second Handled")
	}
	l.advance()
	return nil
}

func (l *Link) receiveComplete() error {
	l.drain.mu.Lock()
	l.drain.peerComplete = true
	l.drain.mu.Unlock()
	l.advance()
	return nil
}

// advance takes the drain as far as it goes. It is called after each event that
// can move it.
func (l *Link) advance() {
	if l.drain.begun.Load() && l.step() {
		l.conn.Close(qerrors.OK, "drained")
	}
}

// step sends what is due, and reports whether this side is to close the connection:
// the client, when both have everything. The hub waits a little for that.
func (l *Link) step() (finished bool) {
	d := &l.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.sentHandled && d.goAway != nil && d.handled.Load() >= d.goAway.DataSent {
		d.sentHandled = true
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Handled{
			Handled: &protocol.Handled{AcksSent: l.out.sentAcks()},
		}})
	}
	// The hub's Complete is the last frame of all: the client, when it has that,
	// knows that the hub needs nothing more, not even the client's Complete.
	ready := !l.cfg.Hub || d.peerComplete
	if ready && !d.sentComplete && d.peerHandled != nil && d.acksReceived.Load() >= d.peerHandled.AcksSent {
		d.sentComplete = true
		l.out.control(&protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}})
	}
	finished = d.sentComplete && d.peerComplete
	if finished && l.cfg.Hub && d.linger == nil && l.ctx.Err() == nil {
		d.linger = time.AfterFunc(l.lingerTime(), func() { l.conn.Close(qerrors.OK, "drained") })
	}
	return finished && !l.cfg.Hub
}
