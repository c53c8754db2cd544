package client

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// lasted is how long a connection must have lived for the backoff to begin anew.
const lasted = 10 * time.Second

// maxHint is how long a hub can keep a client away with one GoAway, in
// milliseconds: an hour.
const maxHint = 60 * 60 * 1000

// runner is the client's one long-lived goroutine: it dials, serves the link
// until it ends, waits, and dials again.
type runner struct {
	c        *Client
	own      string   // the address that Connect was given
	addrs    []string // of the hub, and of the other one that a GoAway has named; the first is next
	socket   *quicnet.Socket
	next     *quicnet.Conn // on the socket, if the connection before was given up for it; otherwise nil
	first    chan<- error  // told how the first attempt went; nil afterwards
	attempts int           // in all
	failures int           // retries in a row that have failed
	backoffs int           // waits since a connection that lasted
	sessions uint64        // that there were
	token    string        // that the hub was shown last
}

func (r *runner) run(ctx context.Context) {
	stop := r.keepCertificate(ctx)
	err := r.keepConnected(ctx)
	if r.next != nil {
		r.next.Close(qerrors.OK, "the client was closed")
		r.next = nil
		r.closeSocket()
	}
	stop()
	r.end(err)
}

// keepCertificate watches the certificate of the client until stop is called, or ctx
// ends. Without one there is nothing that is shown: whom to trust is read again for
// each connection, and a process with many clients has no goroutine more for each.
func (r *runner) keepCertificate(ctx context.Context) (stop func()) {
	if r.c.config.TLSCertFile == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.c.link.KeepCertificate(ctx)
	}()
	return func() {
		cancel()
		<-kept
	}
}

// keepConnected returns why the client ends.
func (r *runner) keepConnected(ctx context.Context) error {
	for {
		addr := r.addrs[0]
		hint, cause := r.connection(ctx)
		if err := r.final(ctx, cause); err != nil {
			return err
		}
		if r.next != nil {
			r.c.link.Log.Warn("another connection to the hub goes on", "client_id", r.c.config.ClientID, "remote", addr,
				"code", qerrors.CodeOf(cause), "error", cause)
			r.waiting(cause)
			continue
		}
		delay := max(hint, backoff(r.c.config.InitialBackoff, r.c.config.MaxBackoff, r.backoffs))
		r.backoffs++
		r.c.link.Log.Warn("no connection to the hub", "client_id", r.c.config.ClientID, "remote", addr,
			"code", qerrors.CodeOf(cause), "error", cause, "next_attempt_in", delay.Round(time.Millisecond))
		r.waiting(cause)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
}

// connection is one connection, from dialing to its end. It returns why it ended
// or never began, and how long the hub wants to be left alone.
func (r *runner) connection(ctx context.Context) (hint time.Duration, cause error) {
	r.attempts++
	if r.next == nil {
		if err := r.openSocket(); err != nil {
			return 0, err
		}
	}
	defer r.closeSocket()
	l, welcome, err := r.dial(ctx)
	if err != nil {
		slices.Reverse(r.addrs) // the other one is next
		if ctx.Err() == nil {
			r.c.link.Metrics.Refused.Add(qerrors.CodeOf(err), 1)
		}
		if r.attempts > 1 {
			r.failures++ // the first attempt is no retry
		}
		return 0, err
	}
	begun := time.Now()
	r.up(l)
	r.failures = 0
	r.next, cause = r.serve(l, welcome, r.token)
	r.c.down(l, cause)
	if time.Since(begun) >= lasted {
		r.backoffs = 0
	}
	goAway := l.GoneAway()
	r.goTo(goAway.GetAddress())
	hint = time.Duration(min(goAway.GetReconnectAfterMs(), maxHint)) * time.Millisecond
	if qerrors.CodeOf(cause) == qerrors.OK {
		cause = &qerrors.Error{
			Code: qerrors.Code(goAway.GetCode()), Message: "the hub has ended the connection: " + goAway.GetReason(), Remote: true,
		}
	}
	return hint, cause
}

// goTo makes the address of another hub the next one to be dialed; an empty one changes
// nothing. When there is no connection to be had there, the client's own comes after it.
func (r *runner) goTo(addr string) {
	if addr == "" || addr == r.addrs[0] {
		return
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		r.c.link.Log.Warn("the hub names an address that is none", "client_id", r.c.config.ClientID, "error", err)
		return
	}
	r.addrs = []string{addr, r.own}
	if addr == r.own {
		r.addrs = []string{addr}
	}
}

func (r *runner) dial(ctx context.Context) (*link.Link, *protocol.Welcome, error) {
	c := r.c
	ctx, cancel := context.WithTimeout(ctx, c.config.HandshakeTimeout)
	defer cancel()
	conn, err := r.takeConn(ctx)
	if err != nil {
		return nil, nil, err
	}
	l := link.New(conn, c.link)
	welcome, err := l.SayHello(ctx, c.talk, &protocol.Hello{
		ClientId: c.config.ClientID, Software: c.config.Software, SessionsBefore: r.sessions, Token: r.token,
	})
	if err != nil {
		_ = l.Run() // only tidies up
		return nil, nil, err
	}
	return l, welcome, nil
}

// takeConn returns a connection on which a hello can be said with the present token.
func (r *runner) takeConn(ctx context.Context) (*quicnet.Conn, error) {
	next := r.next
	r.next = nil
	var err error
	if r.token, err = r.c.config.readToken(); err != nil {
		if next != nil {
			next.Close(qerrors.OK, "there is no token to show")
		}
		return nil, err
	}
	if next != nil {
		return next, nil
	}
	if r.c.cert.missing {
		if err := r.enroll(ctx); err != nil {
			return nil, err
		}
	}
	return r.dialConn(ctx)
}

func (r *runner) dialConn(ctx context.Context) (*quicnet.Conn, error) {
	c := r.c
	c.reread()
	conn, err := r.socket.Dial(ctx, r.addrs[0], c.cert.shown.Load(), c.config.limits())
	if err != nil {
		c.link.CountNetworkError(err)
	}
	return conn, err
}

// final returns the error that the client ends with, or nil if it is to try again.
//
// Errors that no retry mends end it only on the first attempt, where somebody is
// there to read them. A client that is out in the field goes on: what is wrong
// with the hub's certificate today may be mended tomorrow.
func (r *runner) final(ctx context.Context, cause error) error {
	limit := r.c.config.MaxRetries
	switch {
	case ctx.Err() != nil || r.c.State() == StateClosed:
		return &qerrors.Error{Code: qerrors.Closed, Message: "the client was closed"}
	case qerrors.CodeOf(cause) == qerrors.Replaced:
		return &qerrors.Error{ // coming back would replace the other, and so on without end
			Code: qerrors.Replaced, Message: "another client with the id " + r.c.config.ClientID + " took over: give each client an id of its own (-id)", Remote: true, Err: cause,
		}
	case !r.c.config.ReconnectEnabled || r.first != nil && hopeless(cause):
		return cause
	case limit > 0 && r.failures >= limit:
		return qerrors.New(qerrors.RetriesExhausted, "%d attempts to reconnect have failed: %w", limit, cause)
	default:
		return nil
	}
}

// openSocket opens a socket for one connection: one that has failed, or whose
// path through a NAT has, must not keep the client from coming back.
func (r *runner) openSocket() error {
	if r.c.config.Socket != nil {
		r.socket = r.c.config.Socket.socket
		return nil
	}
	pc, err := net.ListenPacket("udp", ":0")
	if err != nil {
		return qerrors.New(qerrors.Unreachable, "cannot open a UDP socket: %w", err)
	}
	r.socket = quicnet.NewSocket(pc)
	return nil
}

// closeSocket leaves open what the next connection is on.
func (r *runner) closeSocket() {
	if r.c.config.Socket == nil && r.next == nil {
		_ = r.socket.Close() // nothing is on it any more
	}
}

// up makes l the link in use.
func (r *runner) up(l *link.Link) {
	c := r.c
	c.link.Metrics.Connections.Add(1)
	c.link.Events.Connect(c.config.ClientID)
	if r.sessions > 0 {
		c.link.Metrics.Reconnects.Add(1)
		c.link.Events.Reconnect(c.config.ClientID, r.failures+1)
	}
	r.sessions++
	c.mu.Lock()
	late := c.state == StateClosed
	if !late {
		c.current.Store(l)
		c.setState(StateConnected, nil)
	}
	c.mu.Unlock()
	c.link.Log.Info("connected", "client_id", c.config.ClientID, "session_id", l.Session().ID(),
		"remote", l.Session().Info().RemoteAddr)
	if late {
		l.Close(qerrors.OK, "the client was closed")
	}
	r.tell(nil)
}

// waiting says that there will be another attempt.
func (r *runner) waiting(cause error) {
	state := StateConnecting
	if r.sessions > 0 {
		state = StateReconnecting
	}
	r.c.enter(state, cause)
	r.tell(nil)
}

// end is the end of the client, or only of Connect if that still waits.
func (r *runner) end(err error) {
	c := r.c
	if r.first == nil { // otherwise there may be another Connect
		c.talk.Close(qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", err))
	}
	if r.first == nil && c.State() != StateClosed { // said before anybody who waits for Done goes on
		c.link.FlushLog()
		c.link.Log.Error("gave up", "client_id", c.config.ClientID, "code", qerrors.CodeOf(err), "error", err)
	}
	c.mu.Lock()
	switch {
	case c.state == StateClosed:
		close(c.done)
	case r.first != nil:
		c.setState(StateIdle, err)
	default:
		c.setState(StateClosed, err)
		close(c.done)
	}
	c.mu.Unlock()
	r.tell(err)
}

func (r *runner) tell(err error) {
	if r.first != nil {
		r.first <- err
		r.first = nil
	}
}

// down notes that l has ended.
func (c *Client) down(l *link.Link, cause error) {
	c.current.CompareAndSwap(l, nil)
	c.link.Metrics.Disconnected.Add(qerrors.CodeOf(cause), 1)
	c.link.Events.Disconnect(c.config.ClientID, cause)
}

// enter sets the state unless the client was closed.
func (c *Client) enter(s State, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != StateClosed {
		c.setState(s, cause)
	}
}
