package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// memory is a link.Conn to a peer that follows a script: what it sends, and when,
// is known from the beginning.
type memory struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	begun  time.Time
	script chan *stream

	mu      sync.Mutex
	written []*bytes.Buffer // what the link wrote, by stream
}

func newMemory(script []*stream) *memory {
	m := &memory{begun: time.Now(), script: make(chan *stream, len(script))}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	for _, s := range script {
		s.conn = m
		m.script <- s
	}
	return m
}

func (m *memory) RemoteAddr() net.Addr          { return &net.UDPAddr{} }
func (m *memory) RTT() time.Duration            { return 0 }
func (m *memory) Lost() (packets, bytes uint64) { return 0, 0 }
func (m *memory) Context() context.Context      { return m.ctx }
func (m *memory) Cause() error                  { return context.Cause(m.ctx) }

func (m *memory) Close(code qerrors.Code, reason string) {
	m.cancel(&qerrors.Error{Code: code, Message: reason})
}

func (m *memory) Accept(ctx context.Context) (wire.Source, error) {
	select {
	case s := <-m.script:
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-m.ctx.Done():
		return nil, context.Cause(m.ctx)
	}
}

func (m *memory) Open(context.Context, int8) (io.WriteCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written = append(m.written, new(bytes.Buffer))
	return writer{m, m.written[len(m.written)-1]}, nil
}

// frames returns what the link wrote.
func (m *memory) frames() (all []*protocol.Frame, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.written {
		frames, err := decode(b.Bytes())
		if err != nil {
			return nil, err
		}
		all = append(all, frames...)
	}
	return all, nil
}

type writer struct {
	m *memory
	b *bytes.Buffer
}

func (w writer) Write(p []byte) (int, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if w.m.ctx.Err() != nil {
		return 0, context.Cause(w.m.ctx)
	}
	return w.b.Write(p)
}

func (w writer) Close() error { return nil }

// How a stream ends.
type end int

const (
	open end = iota // it does not
	endOfStream
	reset
)

// stream is one stream of the peer.
type stream struct {
	conn   *memory
	chunks []chunk
	end    end
}

type chunk struct {
	at   time.Duration // after the beginning of the connection
	data []byte
}

func (s *stream) Peek(b []byte) (int, error) {
	if err := s.wait(); err != nil {
		return 0, err
	}
	return copy(b, s.chunks[0].data), nil
}

func (s *stream) Read(b []byte) (int, error) {
	if err := s.wait(); err != nil {
		return 0, err
	}
	n := copy(b, s.chunks[0].data)
	s.chunks[0].data = s.chunks[0].data[n:]
	return n, nil
}

// wait returns when there is something to read.
func (s *stream) wait() error {
	for len(s.chunks) > 0 && len(s.chunks[0].data) == 0 {
		s.chunks = s.chunks[1:]
	}
	if len(s.chunks) == 0 {
		switch s.end {
		case endOfStream:
			return io.EOF
		case reset:
			return errors.New("the peer has reset the stream")
		}
		<-s.conn.ctx.Done()
		return context.Cause(s.conn.ctx)
	}
	pause := time.Until(s.conn.begun.Add(s.chunks[0].at))
	if pause <= 0 {
		return nil
	}
	select {
	case <-time.After(pause):
		return nil
	case <-s.conn.ctx.Done():
		return context.Cause(s.conn.ctx)
	}
}
