package session_test

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/pkg/session"
)

// peer is a connection whose address and statistics the test sets.
type peer struct {
	addr net.UDPAddr
	rtt  time.Duration
	lost uint64 // packets, of 1,000 bytes each
}

func (p *peer) RemoteAddr() net.Addr          { return &p.addr }
func (p *peer) RTT() time.Duration            { return p.rtt }
func (p *peer) Lost() (packets, bytes uint64) { return p.lost, 1000 * p.lost }

func newSession(clientID string) *session.Session { return session.New("session", clientID, &peer{}) }

// TestStrikes is the life of a session that is checked every 5 s and may be silent
// for 45 s.
func TestStrikes(t *testing.T) {
	const timeout = 45 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s := newSession("client")
		expect := func(after time.Duration, silence time.Duration, strikes int) {
			t.Helper()
			time.Sleep(after)
			if got := s.Silence(); got != silence {
				t.Errorf("silent for %v, want %v", got, silence)
			}
			if got := s.Check(timeout); got != strikes {
				t.Errorf("%d strikes, want %d", got, strikes)
			}
			if got := s.Info().Strikes; got != strikes {
				t.Errorf("Info has %d strikes, want %d", got, strikes)
			}
		}
		expect(0, 0, 0)
		expect(timeout, timeout, 0) // not longer than
		expect(1, timeout+1, 1)
		expect(5*time.Second, timeout+5*time.Second+1, 2)
		s.Touch(time.Now())
		expect(0, 0, 0) // they count in a row
		expect(timeout, timeout, 0)
		for strike := range 5 {
			expect(time.Second, timeout+time.Duration(strike+1)*time.Second, strike+1)
		}
		s.Touch(time.Now())
		expect(time.Second, time.Second, 0)
	})
}

func TestInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1111}, 20 * time.Millisecond, 0}
		begun := time.Now()
		s := session.New("s-1", "client", p)
		if s.ID() != "s-1" || s.ClientID() != "client" {
			t.Errorf("the session is %q of %q", s.ID(), s.ClientID())
		}
		want := session.Info{
			ClientID: "client", SessionID: "s-1", RemoteAddr: "10.0.0.1:1111",
			ConnectedAt: begun, LastSeen: begun, RTT: 20 * time.Millisecond,
		}
		expect := func() {
			t.Helper()
			if diff := cmp.Diff(want, s.Info()); diff != "" {
				t.Error(diff)
			}
		}
		expect()
		time.Sleep(time.Minute)
		expect() // silence is not being seen
		s.Touch(time.Now())
		want.LastSeen = begun.Add(time.Minute)
		p.addr.Port, p.rtt, p.lost = 2222, time.Second, 7 // after a migration
		want.RemoteAddr, want.RTT = "10.0.0.1:2222", time.Second
		s.MessagesSent.Add(1)
		s.MessagesReceived.Add(2)
		s.BytesSent.Add(3)
		s.BytesReceived.Add(4)
		s.SendFailures.Add(5)
		s.HandlerFailures.Add(6)
		want.MessagesSent, want.MessagesReceived, want.BytesSent, want.BytesReceived = 1, 2, 3, 4
		want.SendFailures, want.HandlerFailures, want.PacketsLost, want.BytesLost = 5, 6, 7, 7000
		expect()
		time.Sleep(time.Minute)
		want.Strikes = s.Check(time.Second)
		expect()
	})
}

// TestConcurrentUse: everything of a session may be used at once.
func TestConcurrentUse(t *testing.T) {
	s := newSession("client")
	var wg sync.WaitGroup
	const times = 1000
	for range 4 {
		wg.Go(func() {
			for range times {
				s.Touch(time.Now())
				s.Check(time.Hour)
				s.MessagesSent.Add(1)
				_ = s.Info()
			}
		})
	}
	wg.Wait()
	if info := s.Info(); info.MessagesSent != 4*times || info.Strikes != 0 {
		t.Errorf("%d messages and %d strikes, want %d and 0", info.MessagesSent, info.Strikes, 4*times)
	}
}
