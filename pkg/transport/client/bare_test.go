package client_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/quicnet"
	"github.com/voilet/QuicFlow/internal/testnet"
)

// bareFrame is what BenchmarkBare sends: a number and 128 bytes.
const bareFrame = 4 + 128

// BenchmarkBare is the ceiling of BenchmarkRoundTrip: frames of the same size on
// the same streams, echoed by the reader, without ids, dispatcher or promises.
func BenchmarkBare(b *testing.B) {
	for _, c := range []struct{ conns, inFlight int }{{1, 1}, {1, 64}, {1, 512}, {32, 16}} {
		b.Run(fmt.Sprintf("conns=%d/inflight=%d/bytes=128", c.conns, c.inFlight), func(b *testing.B) {
			conns := bareConns(b, c.conns, c.inFlight)
			measure(b, c.conns*c.inFlight, func(worker int) error {
				conns[worker%c.conns].roundTrip(worker / c.conns)
				return nil
			})
		})
	}
}

// bareConn is one connection with a lane in each direction.
type bareConn struct {
	out     bareLane
	waiters []chan struct{}
}

func bareConns(b *testing.B, n, inFlight int) []*bareConn {
	dir := testnet.Loopback(b).Dir()
	limits := quicnet.Limits{HandshakeTimeout: 5 * time.Second, MaxIdleTimeout: 30 * time.Second, MaxIncomingStreams: 16}
	serverAuth, err := quicnet.LoadServerAuth(dir+"/server.crt", dir+"/server.key")
	clientAuth, err2 := quicnet.LoadClientAuth(quicnet.ClientFiles{CA: dir + "/ca.crt"})
	hub, err3 := quicnet.ListenUDP("127.0.0.1:0")
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			b.Fatal(err)
		}
	}
	listener, err := quicnet.Listen(hub, serverAuth, limits, nil)
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	b.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			wg.Go(func() { echoBare(conn) })
		}
	})
	conns := make([]*bareConn, n)
	for i := range conns {
		pc, err := quicnet.ListenUDP("127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		socket := quicnet.NewSocket(pc)
		b.Cleanup(func() { _ = socket.Close() })
		conn, err := socket.Dial(context.Background(), listener.Addr().String(), clientAuth, limits)
		if err != nil {
			b.Fatal(err)
		}
		conns[i] = newBareConn(conn, inFlight, &wg)
	}
	return conns
}

func echoBare(conn *quicnet.Conn) {
	back := bareLane{conn: conn}
	readBare(conn, func(frame []byte) { back.send(frame) })
}

func newBareConn(conn *quicnet.Conn, inFlight int, wg *sync.WaitGroup) *bareConn {
	c := &bareConn{out: bareLane{conn: conn}, waiters: make([]chan struct{}, inFlight)}
	for i := range c.waiters {
		c.waiters[i] = make(chan struct{}, 1)
	}
	wg.Go(func() {
		readBare(conn, func(frame []byte) { c.waiters[binary.LittleEndian.Uint32(frame)] <- struct{}{} })
	})
	return c
}

func (c *bareConn) roundTrip(waiter int) {
	var frame [bareFrame]byte
	binary.LittleEndian.PutUint32(frame[:], uint32(waiter))
	c.out.send(frame[:])
	<-c.waiters[waiter]
}

func readBare(conn *quicnet.Conn, f func(frame []byte)) {
	stream, err := conn.Accept(context.Background())
	if err != nil {
		return
	}
	r := bufio.NewReaderSize(stream, 32<<10)
	var frame [bareFrame]byte
	for {
		if _, err := io.ReadFull(r, frame[:]); err != nil {
			return
		}
		f(frame[:])
	}
}

// bareLane is the flusher of internal/link with nothing around it.
type bareLane struct {
	conn     *quicnet.Conn
	mu       sync.Mutex
	buf      []byte
	flushing bool
	stream   io.WriteCloser
}

func (l *bareLane) send(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, frame...)
	if !l.flushing {
		l.flushing = true
		go l.flush()
	}
}

func (l *bareLane) flush() {
	runtime.Gosched()
	var spare []byte
	for {
		l.mu.Lock()
		buf := l.buf
		l.buf, l.flushing = spare[:0], len(buf) > 0
		l.mu.Unlock()
		if len(buf) == 0 {
			return
		}
		if l.stream == nil {
			l.stream, _ = l.conn.Open(context.Background(), 4)
		}
		if l.stream == nil {
			return // the connection has ended
		}
		if _, err := l.stream.Write(buf); err != nil {
			return
		}
		spare = buf
	}
}
