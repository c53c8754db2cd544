package testnet

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Peer is one end of a QUIC connection that says what the test tells it to, and
// nothing by itself: no pings, no acknowledgements. QUIC keeps it alive.
type Peer struct {
	tb     testing.TB
	Conn   *quic.Conn
	frames chan *protocol.Frame // of all streams of the other end
	main   *quic.SendStream     // the first stream
}

func newPeer(tb testing.TB, conn *quic.Conn) *Peer {
	return &Peer{tb: tb, Conn: conn, frames: make(chan *protocol.Frame, 1<<14)}
}

// Open opens another stream, and says so on the first.
func (p *Peer) Open() *quic.SendStream {
	p.tb.Helper()
	s, err := p.TryOpen()
	if err != nil {
		p.tb.Fatal(err)
	}
	return s
}

// TryOpen is Open where that may fail.
func (p *Peer) TryOpen() (*quic.SendStream, error) {
	s, err := p.Conn.OpenUniStream()
	if p.main == nil {
		p.main = s
	} else if err == nil {
		p.Send(Opened())
	}
	return s, err
}

// Main is the first stream that was opened.
func (p *Peer) Main() *quic.SendStream {
	if p.main == nil {
		p.Open()
	}
	return p.main
}

// Send sends frames on the first stream. It says nothing when the connection has
// ended.
func (p *Peer) Send(frames ...*protocol.Frame) { p.Write(Encode(frames...)) }

// Write writes bytes to the first stream.
func (p *Peer) Write(b []byte) { _, _ = p.Main().Write(b) }

// Encode encodes frames.
func Encode(frames ...*protocol.Frame) (b []byte) {
	for _, f := range frames {
		b, _ = wire.AppendFrame(b, f)
	}
	return b
}

// Read reads all streams of the other end from now on; see [Peer.Receive].
func (p *Peer) Read() {
	go func() {
		for {
			s, err := p.Conn.AcceptUniStream(context.Background())
			if err != nil {
				return
			}
			go p.readStream(s)
		}
	}()
}

func (p *Peer) readStream(s *quic.ReceiveStream) {
	r := wire.NewReader(s, 65<<20)
	defer r.Release()
	for {
		var f protocol.Frame
		n, err := r.Next()
		if err == nil {
			err = r.Read(n, &f)
		}
		if err != nil {
			return
		}
		if f.GetOpened() != nil {
			continue // all streams are read anyway
		}
		select {
		case p.frames <- &f:
		case <-p.Conn.Context().Done():
			return
		}
	}
}

// Receive returns the next frame of any stream, or nil when the connection has
// ended.
func (p *Peer) Receive() *protocol.Frame {
	select {
	case f := <-p.frames:
		return f
	case <-p.Conn.Context().Done():
		return nil
	}
}

// Hello opens a session and reads all streams.
func (p *Peer) Hello(id string) {
	p.tb.Helper()
	p.Read()
	p.Send(Hello(id))
	if f := p.Receive(); f.GetWelcome() == nil {
		p.tb.Fatalf("the hub answered a hello with %v, code %v", f, p.code())
	}
}

// Code waits for the end of the connection and returns its application error
// code. Any other end fails the test.
func (p *Peer) Code() qerrors.Code {
	p.tb.Helper()
	select {
	case <-p.Conn.Context().Done():
		return p.code()
	case <-time.After(2 * time.Minute):
		p.tb.Fatal("the connection was not closed")
		return 0
	}
}

func (p *Peer) code() qerrors.Code {
	p.tb.Helper()
	var e *quic.ApplicationError
	if cause := context.Cause(p.Conn.Context()); !errors.As(cause, &e) {
		p.tb.Errorf("the connection ended with %v", cause)
		return qerrors.Internal
	}
	return qerrors.Code(e.ErrorCode)
}
