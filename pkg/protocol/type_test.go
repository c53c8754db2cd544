package protocol_test

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestMessageTypeNames(t *testing.T) {
	for _, test := range []struct {
		kind     protocol.MessageType
		name     string
		sendable bool
	}{
		{protocol.MessageType_MESSAGE_TYPE_COMMAND, "command", true},
		{protocol.MessageType_MESSAGE_TYPE_EVENT, "event", true},
		{protocol.MessageType_MESSAGE_TYPE_QUERY, "query", true},
		{protocol.MessageType_MESSAGE_TYPE_RESPONSE, "response", false},
		{protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED, "unspecified", false},
		{99, "99", false},
	} {
		if got := test.kind.Name(); got != test.name {
			t.Errorf("%d is called %q, want %q", test.kind, got, test.name)
		}
		kind, ok := protocol.ParseMessageType(test.name)
		if ok != test.sendable || ok && kind != test.kind {
			t.Errorf("%q is read as %v, %v", test.name, kind, ok)
		}
	}
}
