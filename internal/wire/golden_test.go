package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

type sample struct {
	name  string
	frame *protocol.Frame
}

// samples has one frame of each kind, with all its fields.
func samples() []sample {
	return []sample{
		{"hello", &protocol.Frame{Kind: &protocol.Frame_Hello{Hello: &protocol.Hello{
			ClientId: "client-001", MaxPayloadBytes: 1 << 20, Software: "quic-client/1.0", IdBase: 1 << 61,
		}}}},
		{"welcome", &protocol.Frame{Kind: &protocol.Frame_Welcome{Welcome: &protocol.Welcome{
			SessionId: "s-1", MaxPayloadBytes: 1 << 20, HeartbeatTimeoutMs: 45000, Software: "quic-server/1.0",
		}}}},
		{"ping", &protocol.Frame{Kind: &protocol.Frame_Ping{Ping: &protocol.Ping{Sequence: 300}}}},
		{"pong", &protocol.Frame{Kind: &protocol.Frame_Pong{Pong: &protocol.Pong{Sequence: 300}}}},
		{"go_away", &protocol.Frame{Kind: &protocol.Frame_GoAway{GoAway: &protocol.GoAway{
			Code: 0x28, Reason: "maintenance", ReconnectAfterMs: 5000, DataSent: 17,
		}}}},
		{"handled", &protocol.Frame{Kind: &protocol.Frame_Handled{Handled: &protocol.Handled{AcksSent: 17}}}},
		{"complete", &protocol.Frame{Kind: &protocol.Frame_Complete{Complete: &protocol.Complete{}}}},
		{"opened", &protocol.Frame{Kind: &protocol.Frame_Opened{Opened: &protocol.Opened{}}}},
		{"taken", &protocol.Frame{Kind: &protocol.Frame_Taken{Taken: &protocol.Taken{}}}},
		{"data", data(&protocol.DataMessage{
			MsgId: "0190a5b2-0000-7000-8000-000000000001", SenderId: "client-001", ReceiverId: "client-002",
			Type: protocol.MessageType_MESSAGE_TYPE_QUERY, Payload: []byte("Hello, Server!"), WaitAck: true,
			Timestamp: 1700000000000, Headers: map[string]string{"trace": "abc"},
			Priority: protocol.Priority_PRIORITY_BULK, OrderingKey: "device-7", TimeoutMs: 5000,
		})},
		{"ack_success", ack(&protocol.AckMessage{
			Number: 70_000, Status: protocol.AckStatus_ACK_STATUS_SUCCESS, Result: []byte("done"),
		})},
		{"ack_failure", ack(&protocol.AckMessage{
			MsgId: "0190a5b2-0000-7000-8000-000000000001", Status: protocol.AckStatus_ACK_STATUS_FAILURE, Code: 0x11, Error: "disk full",
		})},
		{"empty", &protocol.Frame{}},
	}
}

// TestGolden holds the bytes that other implementations and other versions send
// and expect, in both directions: UPDATE_GOLDEN=1 writes them anew, and means a
// new version of the protocol.
func TestGolden(t *testing.T) {
	var written []string
	for _, sample := range samples() {
		file := filepath.Join("testdata", sample.name+".golden")
		written = append(written, file)
		t.Run(sample.name, func(t *testing.T) {
			stream := encode(t, nil, sample.frame)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, hexLines(stream), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(stream, want) {
				t.Errorf("encoded as\n%s\n%s has\n%s", hexLines(stream), file, text)
			}
			got, err := readAll(wire.NewReader(&source{data: want}, noLimit))
			if err != nil {
				t.Fatal(err)
			}
			sameFrames(t, got, []*protocol.Frame{sample.frame})
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(written, file) {
			t.Errorf("%s is the file of no sample: delete it", file)
		}
	}
}

func hexLines(b []byte) []byte {
	var out bytes.Buffer
	for line := range slices.Chunk(b, 32) {
		out.WriteString(hex.EncodeToString(line))
		out.WriteByte('\n')
	}
	return out.Bytes()
}
