package link_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The urgencies of the lanes. Large frames have that of their class and one more.
const (
	onControl = 0
	onAcks    = 1
	onUrgent  = 2
	onNormal  = 4
	onBulk    = 6
)

// side is a link whose peer is the test.
type side struct {
	*gated
	cfg  *link.Config
	talk *link.Conversation
	link *link.Link
	end  chan error // what Run returned
}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// newSide returns one side of a connection after the handshake. It has to be
// ended with stop.
func newSide(t failer, hub bool, maxQueueBytes int) *side {
	t.Helper()
	var check fields.Checker
	cfg := link.NewConfig(link.Options{MaxQueueBytes: maxQueueBytes}, &check)
	cfg.Hub = hub
	cfg.SetDispatcher(testnet.Echo())
	s := &side{gated: newGated(), cfg: cfg, end: make(chan error, 1)}
	s.link, s.talk = link.New(s.gated, cfg), cfg.NewConversation("a")
	if err := s.handshake(t.Context()); err != nil {
		t.Fatalf("the handshake: %v", err)
	}
	go func() {
		cause := s.link.Run()
		s.talk.Close(qerrors.New(qerrors.ConnectionLost, "the connection has ended: %w", cause)) // there is no other
		s.end <- cause
	}()
	synctest.Wait()
	return s
}

func (s *side) handshake(ctx context.Context) error {
	if !s.cfg.Hub {
		s.Send(&protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{}}})
		_, err := s.link.SayHello(ctx, s.talk, &protocol.Hello{ClientId: "a"})
		return err
	}
	s.Send(testnet.Hello("a"))
	hello, _, err := s.link.AwaitHello(ctx)
	if err == nil {
		err = s.link.Open(ctx, s.talk, hello, "session", qerrors.ErrReplaced)
	}
	if err == nil {
		s.link.Welcome(&protocol.Welcome{})
	}
	return err
}

// stop ends the connection and waits for the link.
func (s *side) stop() {
	s.link.Close(qerrors.OK, "the test is over")
	<-s.end
}

// onSide runs f in virtual time with the hub's side of a connection.
func onSide(t *testing.T, maxQueueBytes int, f func(t *testing.T, s *side)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSide(t, true, maxQueueBytes)
		defer s.stop()
		f(t, s)
	})
}

func (s *side) pick(_ *link.Wait, refused *link.Link) (*link.Link, error) {
	if refused == s.link {
		return nil, qerrors.New(qerrors.NotConnected, "it has ended")
	}
	return s.link, nil
}

func message(id string, priority protocol.Priority, size int) *protocol.DataMessage {
	m := testnet.Command(string(make([]byte, size)))
	m.MsgId, m.Priority = id, priority
	return m
}

// post sends without asking for an acknowledgement.
func (s *side) post(ctx context.Context, m *protocol.DataMessage, timeout time.Duration) error {
	_, err := s.cfg.SendMessage(ctx, "a", s.pick, m, false, timeout)
	return err
}

// offer sends without waiting for anything.
func (s *side) offer(t *testing.T, m *protocol.DataMessage) error {
	t.Helper()
	parcel, err := s.cfg.Pack(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return s.link.Offer(parcel)
}

// sent returns the ids of the data messages on streams of this urgency.
func (s *side) sent(urgency int8) (ids []string) {
	for _, f := range s.Frames(urgency) {
		if m := f.GetData(); m != nil {
			ids = append(ids, m.MsgId)
		}
	}
	return ids
}

// holding holds the writes of one urgency.
func holding(urgency int8) func(int8) bool {
	return func(u int8) bool { return u == urgency }
}
