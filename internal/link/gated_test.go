package link_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// gated is a link.Conn whose test says, as things happen, what the peer sends
// and which of the link's writes the transport takes.
type gated struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	peer   chan wire.Source // the peer's streams

	mu      sync.Mutex
	changed sync.Cond // told when hold is another or the connection ends
	hold    func(urgency int8) bool
	out     []*gatedStream // the link's streams
}

func newGated() *gated {
	g := &gated{peer: make(chan wire.Source, 100)}
	g.changed.L = &g.mu
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	return g
}

func (g *gated) RemoteAddr() net.Addr          { return &net.UDPAddr{} }
func (g *gated) RTT() time.Duration            { return 50 * time.Millisecond }
func (g *gated) Lost() (packets, bytes uint64) { return 0, 0 }
func (g *gated) Context() context.Context      { return g.ctx }
func (g *gated) Cause() error                  { return context.Cause(g.ctx) }

func (g *gated) Close(code qerrors.Code, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel(&qerrors.Error{Code: code, Message: reason})
	g.changed.Broadcast()
}

// Hold makes writes to streams of this urgency wait; those that wait already are
// looked at again. Nil holds none.
func (g *gated) Hold(hold func(urgency int8) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = hold
	g.changed.Broadcast()
}

// Send has the peer send frames on a stream of their own.
func (g *gated) Send(frames ...*protocol.Frame) {
	m := &memory{ctx: g.ctx, begun: time.Now()}
	g.peer <- &stream{conn: m, chunks: []chunk{{0, testnet.Encode(frames...)}}, end: endOfStream}
}

func (g *gated) Accept(ctx context.Context) (wire.Source, error) {
	select {
	case s := <-g.peer:
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (g *gated) Open(_ context.Context, urgency int8) (io.WriteCloser, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &gatedStream{g: g, urgency: urgency}
	g.out = append(g.out, s)
	return s, nil
}

// Streams returns the streams of this urgency that the link has opened.
func (g *gated) Streams(urgency int8) (found []*gatedStream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.out {
		if s.urgency == urgency {
			found = append(found, s)
		}
	}
	return found
}

// Writes returns what was written to the streams of this urgency, and taken.
func (g *gated) Writes(urgency int8) (writes [][]byte) {
	for _, s := range g.Streams(urgency) {
		g.mu.Lock()
		writes = append(writes, s.writes...)
		g.mu.Unlock()
	}
	return writes
}

// Frames returns the frames that were written to the streams of this urgency.
func (g *gated) Frames(urgency int8) (all []*protocol.Frame) {
	for _, s := range g.Streams(urgency) {
		g.mu.Lock()
		bytes := slices.Concat(s.writes...)
		g.mu.Unlock()
		frames, err := decode(bytes)
		if err != nil {
			panic(err)
		}
		all = append(all, frames...)
	}
	return all
}

// decode returns the frames of one stream.
func decode(b []byte) (all []*protocol.Frame, err error) {
	ended := &stream{conn: newMemory(nil), chunks: []chunk{{0, b}}, end: endOfStream}
	r := wire.NewReader(ended, 1<<30)
	for {
		var f protocol.Frame
		n, err := r.Next()
		if err == nil {
			err = r.Read(n, &f)
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, &f)
	}
}

type gatedStream struct {
	g       *gated
	urgency int8
	writes  [][]byte
	closed  bool
}

func (s *gatedStream) Write(p []byte) (int, error) {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	for s.g.hold != nil && s.g.hold(s.urgency) && s.g.ctx.Err() == nil {
		s.g.changed.Wait()
	}
	if s.g.ctx.Err() != nil {
		return 0, context.Cause(s.g.ctx)
	}
	s.writes = append(s.writes, slices.Clone(p))
	return len(p), nil
}

func (s *gatedStream) Close() error {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.closed = true
	return nil
}
