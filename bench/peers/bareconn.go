package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"sync"

	"github.com/quic-go/quic-go"
)

// Kinds of frames.
const (
	hello byte = iota
	ask
	answer
	tell
)

// frame is what bare quic-go sends: length, kind, id, payload.
type frame struct {
	kind    byte
	id      uint32
	payload []byte // of a received one: valid until the handler returns
}

const frameHeader = 4 + 1 + 4

func (f frame) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.payload)))
	b = append(b, f.kind)
	b = binary.LittleEndian.AppendUint32(b, f.id)
	return append(b, f.payload...)
}

// bareConn is one end of a connection.
type bareConn struct {
	qc      *quic.Conn
	out     lane
	waiters waiters
}

func newBareConn(qc *quic.Conn) *bareConn {
	c := &bareConn{qc: qc}
	c.out.init(qc)
	return c
}

// read calls handle for each frame but answers, until the connection ends.
func (c *bareConn) read(handle func(frame)) {
	defer c.waiters.end()
	stream, err := c.qc.AcceptUniStream(context.Background())
	if err != nil {
		return
	}
	r := quietReader{stream: stream}
	var payload []byte
	for {
		if err := r.await(); err != nil {
			return
		}
		header, err := r.Peek(frameHeader)
		if err != nil {
			return
		}
		n := int(binary.LittleEndian.Uint32(header))
		f := frame{kind: header[4], id: binary.LittleEndian.Uint32(header[5:])}
		if n > maxPayload {
			return // not one of ours
		}
		_, _ = r.Discard(frameHeader) // which are there
		if cap(payload) < n {
			payload = make([]byte, n)
		}
		f.payload = payload[:n]
		if _, err := io.ReadFull(r, f.payload); err != nil {
			return
		}
		if f.kind == answer {
			c.waiters.done(f.id)
		} else {
			handle(f)
		}
	}
}

// quietReader has a buffer only while there is something in it.
type quietReader struct {
	*bufio.Reader
	stream *quic.ReceiveStream
	first  [1]byte
}

// readers keeps the buffers of streams that are quiet.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}

// await waits for the next frame.
func (r *quietReader) await() error {
	if r.Reader != nil && r.Buffered() > 0 {
		return nil
	}
	if r.Reader != nil {
		readers.Put(r.Reader)
		r.Reader = nil
	}
	if _, err := r.stream.Peek(r.first[:]); err != nil {
		return err
	}
	r.Reader = readers.Get().(*bufio.Reader)
	r.Reset(r.stream)
	return nil
}

// Ask is part of [load.Conn], as are Tell and Close.
func (c *bareConn) Ask(ctx context.Context, payload []byte) error {
	return c.call(ctx, ask, payload)
}

// call sends a frame and waits for the answer.
func (c *bareConn) call(ctx context.Context, kind byte, payload []byte) error {
	id, answered := c.waiters.add()
	if err := c.out.send(frame{kind, id, payload}); err != nil {
		return err
	}
	return c.waiters.wait(ctx, id, answered)
}

func (c *bareConn) Tell(_ context.Context, payload []byte) error {
	return c.out.send(frame{tell, 0, payload})
}

func (c *bareConn) Close(context.Context) error {
	return c.qc.CloseWithError(0, "")
}
