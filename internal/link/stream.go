package link

import (
	"errors"
	"io"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// stream is a stream of the peer that is read, by one goroutine at a time: the next
// one takes over when a handler on the goroutine of the reader is slow. So nothing of
// it may be touched, nor be deferred, after a message was handed to the intake,
// unless that says so.
type stream struct {
	link    *Link
	r       *wire.Reader
	intake  *dispatcher.Intake
	frame   protocol.Frame
	arrived time.Time              // when the latest frame came; the same for all that came together
	acks    []*protocol.AckMessage // that came together, and are not handed on yet
	quiet   quiet
}

// read reads until the stream or the connection ends. What it waits for, a place in
// the dispatcher's queue or room for answers, makes QUIC's flow control slow the
// sender of this stream, and of no other.
func (s *stream) read() {
	for {
		mine, err := s.next()
		switch {
		case !mine:
			return
		case err == nil:
			continue
		case !errors.Is(err, io.EOF) && s.link.ctx.Err() == nil:
			s.link.Refuse(err)
		}
		s.settle()
		s.intake.Rest()
		s.r.Release()
		s.ended()
		return
	}
}

// ended is the end of the stream. That of the first one is seldom before that of the
// connection.
func (s *stream) ended() {
	l := s.link
	if s != l.first {
		<-l.incoming().streams
		l.wg.Done()
		return
	}
	if l.ctx.Err() == nil {
		l.announce(unannounced)
	}
	l.wg.Done()
	l.over(l.end())
}

// next reads one frame and acts on it. The stream is another goroutine's afterwards
// unless mine is true.
func (s *stream) next() (mine bool, err error) {
	if !s.r.Ready() {
		s.intake.Rest()
		s.settle()
		if s.rests() {
			return false, nil
		}
	}
	before := s.r.Reads()
	n, err := s.r.Next()
	if err != nil {
		s.link.cfg.countDecoding(err)
		return true, err
	}
	before = s.heard(before)
	if n > wire.LargeFrame {
		return true, s.readLarge(n)
	}
	if err := s.r.Read(n, &s.frame); err != nil {
		s.link.cfg.countDecoding(err)
		return true, err
	}
	s.heard(before) // the rest of a frame is a sign of life as well
	kind := s.frame.Kind
	s.frame.Kind = nil // the message must not stay in memory while the stream is quiet
	switch kind := kind.(type) {
	case *protocol.Frame_Data:
		s.settle()
		return s.link.receiveData(kind.Data, s.arrived, s.intake)
	case *protocol.Frame_Ack:
		if s.acks = append(s.acks, kind.Ack); len(s.acks) == maxUnsettled {
			s.settle()
		}
		return true, nil
	}
	s.intake.Rest() // what acts on other frames may wait, with which it keeps no worker and no answer
	s.settle()
	return true, s.link.receive(kind)
}

// heard notes that something has come, unless there were as many reads before.
func (s *stream) heard(before int) (reads int) {
	if reads = s.r.Reads(); reads != before {
		s.arrived = time.Now()
		s.link.session.Touch(s.arrived)
	}
	return reads
}

// maxUnsettled is how many acknowledgements are handed on together: while their senders go
// on, more of what has arrived is decoded.
const maxUnsettled = 32

// settle hands on the acknowledgements that have come.
func (s *stream) settle() {
	if len(s.acks) == 0 {
		return
	}
	s.link.receiveAcks(s.arrived, s.acks...)
	s.link.count(uint64(len(s.acks)))
	clear(s.acks) // they are the senders'
	s.acks = s.acks[:0]
}

// GoOn and the others are those of dispatcher.Reader.
func (s *stream) GoOn() { s.read() }

// Rested sends the acknowledgements that have waited for more.
func (s *stream) Rested() { s.link.out.uncork() }

// Slow notes a message that is not handled at once.
func (s *stream) Slow(t *dispatcher.Task) {
	if t.Number() > 0 {
		s.link.talk.remember(s.link, t)
	}
}

// Late takes the note back.
func (s *stream) Late(t *dispatcher.Task) {
	if t.Number() > 0 {
		s.link.talk.late(t)
	}
}

// readLarge bounds the memory that a peer can make this side hold with large
// frames: eight of data, which the peer has to count, and eight acknowledgements,
// which wait for each other.
func (s *stream) readLarge(n int) error {
	l := s.link
	lead, err := s.r.Lead()
	if err != nil {
		return err
	}
	if wire.LeadsAck(lead) {
		select {
		case l.incoming().largeAcks <- struct{}{}:
			defer func() { <-l.incoming().largeAcks }()
		case <-l.ctx.Done():
			return l.ctx.Err()
		}
	} else if l.largeReads.Add(1) > maxLarge {
		return qerrors.New(qerrors.ProtocolViolation, "more than %d large frames that are not taken", maxLarge)
	}
	var f protocol.Frame
	if err := s.r.Read(n, &f); err != nil {
		l.cfg.countDecoding(err)
		return err
	}
	data, ok := f.Kind.(*protocol.Frame_Data)
	if ok && wire.LeadsAck(lead) {
		return qerrors.New(qerrors.ProtocolViolation, "a large data frame that begins as an acknowledgement")
	}
	if !ok {
		if !wire.LeadsAck(lead) {
			l.largeReads.Add(-1)
		}
		ack := f.GetAck()
		if ack == nil {
			return l.receive(f.Kind)
		}
		number := ack.Number // the sender has the acknowledgement afterwards
		if l.receiveAcks(time.Now(), ack) > 0 && !l.out.full.Load() {
			l.out.control(&protocol.Frame{Kind: &protocol.Frame_Seen{Seen: &protocol.Seen{Number: number}}})
		}
		return nil
	}
	if _, err := l.receiveData(data.Data, time.Now(), nil); err != nil {
		return err
	}
	l.largeReads.Add(-1) // first, because the peer may send the next one at once
	l.out.control(&protocol.Frame{Kind: &protocol.Frame_Taken{Taken: &protocol.Taken{}}})
	return nil
}
