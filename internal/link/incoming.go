package link

import (
	"sync/atomic"

	"github.com/voilet/QuicFlow/internal/wire"
)

// maxStreams is how many streams of the peer are read at once, besides its first: the lanes
// and the large frames, with room to spare. Each can hold a buffer, so the number bounds
// what a peer can pin by beginning frames and never going on.
const maxStreams = 32

// incoming is about the streams of the peer but its first. It is made when it is needed: an
// idle connection has no such streams.
type incoming struct {
	announced atomic.Int64  // that are to be accepted
	streams   chan struct{} // a place for each that is being read
	largeAcks chan struct{} // a place for each large acknowledgement that is being read
}

func (l *Link) incoming() *incoming {
	in := l.in.Load()
	if in == nil {
		l.in.CompareAndSwap(nil, &incoming{streams: make(chan struct{}, maxStreams), largeAcks: make(chan struct{}, maxLarge)})
		in = l.in.Load()
	}
	return in
}

// unannounced is how many streams are accepted of a peer whose first one has ended, and that
// cannot announce any.
const unannounced = 1 << 62

// announce has n streams more accepted.
func (l *Link) announce(n int64) {
	if l.incoming().announced.Add(n) == n {
		l.wg.Add(1)
		go l.accept()
	}
}

// accept waits for a stream of the peer, and reads it. If there is another one to come, the
// goroutine that waits for that is new, and so is its stack, which a connection may have
// for long.
func (l *Link) accept() {
	source, err := l.conn.Accept(l.ctx)
	if err != nil || !l.place() {
		l.wg.Done()
		return
	}
	if l.incoming().announced.Add(-1) > 0 {
		l.wg.Add(1)
		go l.accept()
	}
	r := wire.NewReader(source, l.cfg.MaxPayload+wire.Overhead)
	r.SetIDBase(l.base)
	l.newStream(r).read()
}

// place waits until one stream more may be read, or the connection ends.
func (l *Link) place() bool {
	select {
	case l.incoming().streams <- struct{}{}:
		return true
	case <-l.ctx.Done():
		return false
	}
}
