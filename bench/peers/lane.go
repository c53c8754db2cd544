package main

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/quic-go/quic-go"
)

// lane is one stream and what waits to be written to it. Whoever appends to a quiet
// lane starts its flusher, which yields once so that others append as well, writes
// all of it at once, and ends when there is no more.
type lane struct {
	qc *quic.Conn

	mu       sync.Mutex
	room     sync.Cond
	buf      *[]byte // nil while there is nothing
	flushing bool
	err      error
	stream   *quic.SendStream // the flusher's
}

// buffers keeps the memory of lanes that are quiet.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxQueue is what may wait before senders wait: as much as with ours.
const maxQueue = 4 << 20

func (l *lane) init(qc *quic.Conn) {
	l.qc = qc
	l.room.L = &l.mu
}

// send queues a frame.
func (l *lane) send(f frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.buf != nil && len(*l.buf) > maxQueue && l.err == nil {
		l.room.Wait()
	}
	if l.err != nil {
		return l.err
	}
	if l.buf == nil {
		l.buf = buffers.Get().(*[]byte)
	}
	*l.buf = f.append(*l.buf)
	if !l.flushing {
		l.flushing = true
		go l.flush()
	}
	return nil
}

func (l *lane) flush() {
	runtime.Gosched()
	for buf := l.take(); buf != nil; buf = l.take() {
		err := l.open()
		if err == nil {
			_, err = l.stream.Write(*buf)
		}
		if err != nil {
			l.fail(err)
			return
		}
		*buf = (*buf)[:0]
		buffers.Put(buf)
	}
}

// take returns what waits, or ends the flusher.
func (l *lane) take() *[]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	buf := l.buf
	l.buf, l.flushing = nil, buf != nil
	l.room.Broadcast()
	return buf
}

func (l *lane) open() (err error) {
	if l.stream == nil {
		l.stream, err = l.qc.OpenUniStreamSync(context.Background())
	}
	return err
}

func (l *lane) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errors.Join(errors.New("the connection has ended"), err)
	l.buf = nil
	l.room.Broadcast()
}
