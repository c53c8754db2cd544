// Package link is one live connection between a client and the hub, seen from
// either side: both are the same, but for who says hello.
//
// The conversation:
//
//	client                                hub
//	  Hello ------ first stream ------->
//	        <----- first stream ------- Welcome         the session is open
//
//	  Data(number) -- urgent, normal, bulk -->          either side may send
//	        <----------- acks ---------- Ack(number)    once its handler ran
//
//	  Ping --------- control ---------->                every heartbeat interval
//	        <------- control ----------- Pong
//
//	        <------- control ----------- GoAway         either side may begin:
//	  GoAway ------- control ---------->                no new Data from now on
//	  Handled ------ control ---------->                all your Data is handled,
//	        <------- control ----------- Handled        all Acks for it are sent
//	  Complete ----- control ---------->                all your Acks are here
//	        <------- control ----------- Complete       mine as well; you may close
//	  CONNECTION_CLOSE ---------------->
//
// Each side sends on unidirectional streams of its own, the lanes: control, acks,
// and one for each class of traffic. A frame over 64 KiB has a stream to itself.
// The receiver does not care which frame comes on which stream.
//
// What was not acknowledged when a connection was lost, a [Conversation] has the next
// link send again.
//
// Goroutines: one reads the peer's first stream, and when the connection ends waits for all
// the others. One accepts the next stream of the peer, which it then reads, but only after
// the peer has said that there is one (Opened): it would be a twentieth of what an idle
// connection takes. A lane has a flusher while it has something to send; one more, at first,
// sends again, if there is anything. Handlers run on the dispatcher's workers, or, while they
// are quick, on the reader's goroutine, which then hands on the reading if one takes longer:
// so they outlive the link.
package link

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Conn is the QUIC connection under a link.
type Conn interface {
	session.Peer
	// Open opens a unidirectional stream. Urgency ranks it among the streams of
	// this side, 0 first and 7 last, as in RFC 9218.
	Open(ctx context.Context, urgency int8) (io.WriteCloser, error)
	// Accept waits for the next unidirectional stream of the peer, in the order
	// in which the peer opened them.
	Accept(ctx context.Context) (wire.Source, error)
	// Close closes the connection at once; the peer is told code and reason, and
	// what was not sent yet is thrown away. Only the first call counts.
	Close(code qerrors.Code, reason string)
	// Context ends with the connection.
	Context() context.Context
	// Cause returns why the connection has ended, an *errors.Error.
	Cause() error
}

// Link is one live connection. Its methods may be called from any goroutine once
// the handshake is done.
type Link struct {
	cfg  *Config
	conn Conn
	ctx  context.Context // ends with the connection
	out  outbox
	wg   sync.WaitGroup // readers, flushers and senders of large frames

	// Set by the handshake.
	first   *stream           // the peer's first one, where its control frames come
	over    func(cause error) // is called when it has ended, and all else
	session *session.Session
	talk    *Conversation
	epoch   uint64              // which of its sessions it is
	peerMax int                 // the largest payload or result the peer accepts
	base    wire.IDBase         // of the ids of the peer's messages
	may     session.Permissions // on the hub, what the client may do; nil for everything

	again     []uint64      // messages to be sent again; resend's
	calledOff []uint64      // messages that nobody waits for since the connection before was lost; resend's
	resent    chan struct{} // closed when that was done
	done      chan struct{} // closed when nothing of the link runs any more

	resumed    bool         // the session has had a connection before
	live       atomic.Bool  // the handshake has succeeded: what the peer sends is read
	number     uint32       // which link of its Config it is, from 1
	largeReads atomic.Int32 // large data frames of the peer that are not handed on yet
	in         atomic.Pointer[incoming]
	drain      drain

	acksSeen     atomic.Uint64 // acknowledgements that have come, but for the large ones
	acksReported atomic.Uint64 // of those, how many the peer was told of

	losses losses
	pace   *pace // nil without limits

	held   atomic.Pointer[Permit] // on the hub
	checks atomic.Pointer[rate.Limiter]
}

// New returns a link on conn, which it owns from now on. One of [Link.SayHello]
// and [Link.AwaitHello] comes next, and [Link.Run] last, whether or not the
// handshake succeeded.
func New(conn Conn, cfg *Config) *Link {
	l := &Link{
		cfg: cfg, conn: conn, ctx: conn.Context(), number: cfg.links.Add(1),
		done: make(chan struct{}),
		pace: newPace(cfg.Rates),
	}
	l.out.init(conn, &l.wg, cfg)
	return l
}

// Session returns the session that the handshake opened.
func (l *Link) Session() *session.Session { return l.session }

// Info returns the present state of the session, and of what waits to be sent.
func (l *Link) Info() session.Info {
	info := l.session.Info()
	info.QueuedBytes, _ = l.out.queued()
	return info
}

// Resumed reports whether the session has had a connection before.
func (l *Link) Resumed() bool { return l.resumed }

// Conn returns the connection under the link.
func (l *Link) Conn() Conn { return l.conn }

// Done is closed when the connection has ended.
func (l *Link) Done() <-chan struct{} { return l.ctx.Done() }

// Ended is closed when nothing of the link runs any more, but for handlers.
func (l *Link) Ended() <-chan struct{} { return l.done }

// Close ends the connection at once. What is not acknowledged by then is sent again on
// the next one, if the peer comes back; see [Link.Drain] for the orderly way.
func (l *Link) Close(code qerrors.Code, reason string) { l.conn.Close(code, reason) }

// Run is Start, and returns when the connection has ended, with what ended is told.
func (l *Link) Run() error {
	cause := make(chan error, 1)
	l.Start(func(err error) { cause <- err })
	return <-cause
}

// Start serves the connection until it ends. Then, when nothing of the link runs any
// more except handlers, it calls ended with why the connection has ended; the code is OK
// after an orderly end.
func (l *Link) Start(ended func(cause error)) {
	if !l.live.Load() {
		l.conn.Close(qerrors.Internal, "the handshake was not finished")
		go func() { ended(l.end()) }()
		return
	}
	if !l.hasResent() {
		l.wg.Go(l.resend)
	}
	l.over = ended
	l.wg.Add(1)
	l.first.begin()
}

// end tidies up after the connection, and returns why it has ended.
func (l *Link) end() error {
	defer close(l.done)
	<-l.ctx.Done()
	cause := l.conn.Cause()
	lost := qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", cause)
	unseen := l.out.fail(lost)
	l.drain.stop()
	l.wg.Wait()
	if l.talk != nil {
		l.talk.detach(l, unseen)
	}
	l.sampleLosses()
	l.cfg.CountNetworkError(cause)
	if l.session != nil {
		l.cfg.traffic.end(l.session)
	}
	return cause
}

func (l *Link) newStream(r *wire.Reader) *stream {
	s := &stream{link: l, r: r, arrived: time.Now()}
	s.intake = dispatcher.NewIntake(s)
	return s
}

// Refuse closes the connection and tells the peer the code and text of err. An
// error without a code is about something that the protocol does not allow.
func (l *Link) Refuse(err error) {
	code := qerrors.CodeOf(err)
	if code == qerrors.Internal {
		code = qerrors.ProtocolViolation
	}
	text := err.Error()
	var e *qerrors.Error
	if errors.As(err, &e) {
		text = e.Message
	}
	l.conn.Close(code, text)
}
