package link_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// FuzzLinkPrograms runs a hub's end of a connection against a peer that sends
// anything, while this side sends too. In virtual time a hang is a deadlock, and
// a goroutine that stays is one as well.
func FuzzLinkPrograms(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x00\x01\x00\x02\x03\x00", // data and a ping
		"\x11\xfe\x21\xfe\x31\xff\x0c\x10\x0d\xff",                         // large data, both ways
		"\x0d\xff\x0d\xff\x0d\xff\x0b\x50\x04\x00\x04\x00\x04\x00\x04\x00", // Taken, once too often
		"\x0c\x01\x0c\x02\x02\x00\x02\x01\x02\x09",                         // acknowledgements, one for nothing
		"\x00\x02\x05\x01\x0b\xff\x06\x01\x07\x00",                         // the peer drains
		"\x0c\x02\x0e\x00\x0b\xff\x02\x00\x05\x00\x06\x00\x07\x00",         // this side drains
		"\x08\x01", "\x09\xff", "\x0a\x01\x0a\x02", "\x05\x01\x05\x01",
		"\x0f\x03\x1f\x03\x1a\x02",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { run(t, parse(script)) })
	})
}

func run(t *testing.T, p *program) {
	var check fields.Checker
	cfg := link.NewConfig(link.Options{MaxPayload: 100 << 10, MaxQueueBytes: 64 << 10}, &check)
	cfg.Hub = true
	cfg.SetDispatcher(testnet.HandleWith(dispatcher.Config{Workers: 2, QueueSize: 2}, echo))
	conn := newMemory(p.streams)
	l, talk := link.New(conn, cfg), cfg.NewConversation("a")
	defer talk.Close(qerrors.ErrConnectionLost)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	hello, _, err := l.AwaitHello(ctx)
	if err == nil {
		err = l.Open(ctx, talk, hello, "session", qerrors.ErrReplaced)
	}
	if err != nil {
		t.Fatalf("the handshake: %v", err)
	}
	l.Welcome(&protocol.Welcome{})
	var wg sync.WaitGroup
	for _, a := range p.local {
		wg.Go(func() {
			time.Sleep(time.Until(conn.begun.Add(a.at)))
			act(t, cfg, l, a)
		})
	}
	time.AfterFunc(p.length+5*time.Second, func() { l.Close(qerrors.OK, "the program is over") })
	if err := l.Run(); err == nil {
		t.Error("a connection ended without a reason")
	}
	wg.Wait()
	if n := cfg.Promises.Active(); n != 0 {
		t.Errorf("%d promises are left", n)
	}
	if n := cfg.Finish(ctx); n != 0 {
		t.Errorf("%d handlers have not answered", n)
	}
	checkWritten(t, conn, p)
}

// act does what a program wants of this side. Every send has to return, and its
// error to say whether the message was sent.
func act(t *testing.T, cfg *link.Config, l *link.Link, a local) {
	if a.drain {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_ = l.Drain(ctx, &protocol.GoAway{Code: uint32(qerrors.Draining)}) // the peer may well not play along
		return
	}
	pick := func(_ *link.Wait, refused *link.Link) (*link.Link, error) {
		if refused == l {
			return nil, qerrors.New(qerrors.NotConnected, "it has ended")
		}
		return l, nil
	}
	msg := testnet.Command(string(make([]byte, a.size)))
	msg.MsgId = a.id
	ack, err := cfg.SendMessage(t.Context(), "peer", pick, msg, true, time.Second)
	if (ack == nil) == (err == nil) {
		t.Errorf("a send returned %v and %v", ack, err)
	}
}

// checkWritten looks for acknowledgements of what was never sent, or more than one.
func checkWritten(t *testing.T, conn *memory, p *program) {
	frames, err := conn.frames()
	if err != nil {
		t.Errorf("the link wrote what cannot be read: %v", err)
	}
	for _, f := range frames {
		if a := f.GetAck(); a != nil {
			p.data[a.MsgId]--
			if p.data[a.MsgId] < 0 {
				t.Errorf("an acknowledgement too many for %q", a.MsgId)
			}
		}
	}
}
