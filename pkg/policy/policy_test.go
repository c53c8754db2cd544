package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/policy"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
)

const (
	command  = protocol.MessageType_MESSAGE_TYPE_COMMAND
	event    = protocol.MessageType_MESSAGE_TYPE_EVENT
	query    = protocol.MessageType_MESSAGE_TYPE_QUERY
	response = protocol.MessageType_MESSAGE_TYPE_RESPONSE
	newer    = protocol.MessageType(77) // of a newer peer
)

// permissions returns what a client may do under testdata/policy.yaml.
func permissions(t testing.TB, id string) session.Permissions {
	t.Helper()
	f, err := policy.Open("testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return f.Permissions(id)
}

func TestDecisions(t *testing.T) {
	const kib64 = 64 << 10
	for _, test := range []struct {
		id  string
		m   *protocol.DataMessage
		why string // it is denied; empty if it is not
	}{
		{"sensor-1", &protocol.DataMessage{Type: event}, ""},
		{"probe-7", &protocol.DataMessage{Type: event}, ""},
		{"probe-70", &protocol.DataMessage{Type: event}, "the policy has no rule for the client"},
		{"nobody", &protocol.DataMessage{Type: query}, "the policy has no rule for the client"},
		{"sensor-0", &protocol.DataMessage{Type: event}, "the rule retired of the policy does not let the client send messages of type event"},
		{"sensor-1", &protocol.DataMessage{Type: query}, ""},
		{"sensor-1", &protocol.DataMessage{Type: command}, "the rule sensors of the policy does not let the client send messages of type command"},
		{"sensor-1", &protocol.DataMessage{Type: event, Payload: make([]byte, kib64)}, ""},
		{"sensor-1", &protocol.DataMessage{Type: event, Payload: make([]byte, kib64+1)}, `messages of type event from client "sensor-1" have at most 64KiB, not 65537 bytes`},
		{"sensor-1", &protocol.DataMessage{Type: query, Payload: make([]byte, kib64+1)}, ""},
		{"sensor-1", &protocol.DataMessage{Type: event, ReceiverId: "sensor-2"}, `may not be addressed to "sensor-2"`},
		{"admin-1", &protocol.DataMessage{Type: event, ReceiverId: "sensor-2"}, ""},
		{"admin-1", &protocol.DataMessage{Type: event, ReceiverId: "admin-2"}, `may not be addressed to "admin-2"`},
		{"the-admin", &protocol.DataMessage{Type: response}, ""},
		{"the-admin", &protocol.DataMessage{Type: newer}, ""},
		{"sensor-1", &protocol.DataMessage{Type: newer}, "does not let the client send messages of type unspecified"},
		{"sensor-1", &protocol.DataMessage{Type: -1}, "does not let the client send messages of type unspecified"},
	} {
		_, err := permissions(t, test.id).MaySend(test.m)
		switch {
		case test.why == "" && err != nil:
			t.Errorf("%s may not send %v: %v", test.id, test.m.Type, err)
		case test.why != "" && (!errors.Is(err, qerrors.ErrPermissionDenied) || !strings.Contains(err.Error(), test.why)):
			t.Errorf("%s sends %v: the error is %v, want %q", test.id, test.m.Type, err, test.why)
		}
	}
	for _, test := range []struct {
		id  string
		t   protocol.MessageType
		may bool
	}{
		{"sensor-1", command, true}, {"sensor-1", event, false}, {"sensor-1", newer, false},
		{"sensor-0", command, false}, {"nobody", command, false}, {"admin-1", query, true}, {"admin-1", newer, true},
	} {
		if err := permissions(t, test.id).MayReceive(test.t); (err == nil) != test.may {
			t.Errorf("%s receives %v: %v", test.id, test.t, err)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, yes, no string // texts, between commas
	}{
		{"a", "a", ",b,aa,a*"},
		{"*", ",a,a/b", "-"},
		{"a*", "a,ab,a/b", ",b,ba"},
		{"*a", "a,ba,aa", ",ab"},
		{"a*a", "aa,aba,aaa", "a,ab"},
		{"a*b*c", "abc,axbxc,abcbc", "ac,acb,abcd"},
		{"**", ",x", "-"},
		{"*ab*ab", "abab,xabxab,ababab", "ab,aba"},
	} {
		for text := range strings.SplitSeq(test.yes, ",") {
			if !policy.Matches(test.pattern, text) {
				t.Errorf("%q does not match %q", test.pattern, text)
			}
		}
		for text := range strings.SplitSeq(test.no, ",") {
			if test.no != "-" && policy.Matches(test.pattern, text) {
				t.Errorf("%q matches %q", test.pattern, text)
			}
		}
	}
}

// TestRate: a burst passes at once, and what follows waits its turn.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		may := permissions(t, "sensor-1")
		waits := func(n int) (sum time.Duration) {
			for range n {
				wait, err := may.MaySend(&protocol.DataMessage{Type: event})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(wait) // as the reader of the lane does
				sum += wait
			}
			return sum
		}
		if got := waits(20); got != 0 {
			t.Errorf("a burst waits for %v", got)
		}
		if got := waits(30); got < 2999*time.Millisecond || got > 3001*time.Millisecond {
			t.Errorf("30 more wait for %v, want 3 s", got)
		}
		time.Sleep(time.Minute)
		if got := waits(20); got != 0 {
			t.Errorf("a burst after a rest waits for %v", got)
		}
		if wait, err := may.MaySend(&protocol.DataMessage{Type: query}); wait != 0 || err != nil {
			t.Errorf("another entry has the rate of the first: %v, %v", wait, err)
		}
	})
}

// TestPermissionsFollowTheFile: what was handed out before a change obeys it.
func TestPermissionsFollowTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules: [{clients: [a], receive: [command]}]")
	f, err := policy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	may := f.Permissions("a")
	if err := may.MayReceive(command); err != nil {
		t.Error(err)
	}
	write("rules: [{clients: [a], receive: [query]}")
	if changed, err := f.Reread(); changed || !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Errorf("a broken file: changed is %v, the error %v", changed, err)
	}
	if err := may.MayReceive(command); err != nil {
		t.Errorf("after a broken file: %v", err)
	}
	write("rules: [{clients: [a], receive: [query]}]")
	if changed, err := f.Reread(); !changed || err != nil {
		t.Errorf("changed is %v, the error %v", changed, err)
	}
	if err := errors.Join(may.MayReceive(query)); err != nil || may.MayReceive(command) == nil {
		t.Errorf("the change has no effect: %v", err)
	}
}

func BenchmarkMaySend(b *testing.B) {
	for name, m := range map[string]*protocol.DataMessage{
		"unlimited": {Type: query}, "denied": {Type: command},
	} {
		b.Run(name, func(b *testing.B) {
			may := permissions(b, "sensor-1")
			b.ReportAllocs()
			for b.Loop() {
				_, _ = may.MaySend(m)
			}
		})
	}
	b.Run("rate", func(b *testing.B) {
		p, err := policy.Parse("p", []byte("rules: [{clients: [a], send: [{types: [event], rate: 1000000}]}]"))
		if err != nil {
			b.Fatal(err)
		}
		may, m := policy.Fixed(p).Permissions("a"), &protocol.DataMessage{Type: event}
		b.ReportAllocs()
		for b.Loop() {
			_, _ = may.MaySend(m)
		}
	})
}

// TestAllocations: a check makes no garbage.
func TestAllocations(t *testing.T) {
	may := permissions(t, "sensor-1")
	m := &protocol.DataMessage{Type: query}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = may.MaySend(m)
		_ = may.MayReceive(command)
	}); n != 0 {
		t.Errorf("a check makes %v allocations", n)
	}
}

// A type that this version does not know has no name that a pattern could find a part of.
func TestUnknownTypesNeedAll(t *testing.T) {
	for types, want := range map[string]bool{`"*"`: true, `"**"`: true, `"*e*"`: false, `"*event*"`: false} {
		p, err := policy.Parse("policy.yaml", []byte(`rules: [{clients: ["*"], send: [{types: [`+types+`]}], receive: [`+types+`]}]`))
		if err != nil {
			t.Fatal(err)
		}
		may := policy.Fixed(p).Permissions("a")
		_, err = may.MaySend(&protocol.DataMessage{Type: 77})
		if got := may.MayReceive(77); (err == nil) != want || (got == nil) != want {
			t.Errorf("%s: send %v, receive %v", types, err, got)
		}
	}
}
