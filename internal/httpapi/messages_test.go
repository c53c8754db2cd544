package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestSendReachesTheHandler(t *testing.T) {
	binary := string([]byte{0, 0xff, 0xfe})
	tests := map[string]struct {
		body    string
		kind    protocol.MessageType
		payload string
		headers map[string]string
	}{
		"text":          {`"payload":"héllo\n"`, protocol.MessageType_MESSAGE_TYPE_COMMAND, "héllo\n", nil},
		"object":        {`"payload":{"n": 12345678901234567890}`, protocol.MessageType_MESSAGE_TYPE_COMMAND, `{"n": 12345678901234567890}`, nil},
		"array":         {`"payload":[1,"a"],"type":"query"`, protocol.MessageType_MESSAGE_TYPE_QUERY, `[1,"a"]`, nil},
		"false":         {`"payload":false,"type":"event"`, protocol.MessageType_MESSAGE_TYPE_EVENT, `false`, nil},
		"bytes":         {`"payload_base64":"AP/+"`, protocol.MessageType_MESSAGE_TYPE_COMMAND, binary, nil},
		"bytes, null":   {`"payload_base64":"AP/+","payload":null`, protocol.MessageType_MESSAGE_TYPE_COMMAND, binary, nil},
		"nothing":       {`"type":"command"`, protocol.MessageType_MESSAGE_TYPE_COMMAND, "", nil},
		"empty":         {`"payload":""`, protocol.MessageType_MESSAGE_TYPE_COMMAND, "", nil},
		"headers":       {`"payload":"a","headers":{"k":"v","K":""}`, protocol.MessageType_MESSAGE_TYPE_COMMAND, "a", map[string]string{"k": "v", "K": ""}},
		"a megabyte":    {`"payload":"` + strings.Repeat("x", 1<<20) + `"`, protocol.MessageType_MESSAGE_TYPE_COMMAND, strings.Repeat("x", 1<<20), nil},
		"null timeouts": {`"payload":"a","timeout_ms":null,"headers":null`, protocol.MessageType_MESSAGE_TYPE_COMMAND, "a", nil},
	}
	h := startHub(t, server.ServerConfig{})
	received := make(chan *protocol.DataMessage, 1)
	h.connect("a", func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		received <- m
		return &protocol.DataMessage{Payload: m.Payload}, nil
	})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got httpapi.SendReply
			call(t, h.api, "POST", "/api/send", `{"client_id":"a","wait_ack":true,`+test.body+`}`, http.StatusOK, &got)
			m := <-received
			if m.Type != test.kind || string(m.Payload) != test.payload || !cmp.Equal(m.Headers, test.headers) {
				t.Errorf("the client received a %v with %.60q and headers %v", m.Type, m.Payload, m.Headers)
			}
			want := httpapi.SendReply{Success: true, MsgID: m.MsgId, Message: "handled by a", Ack: &httpapi.Ack{Status: "SUCCESS"}}
			if test.payload == binary {
				want.Ack.ResultBase64 = []byte(binary)
			} else {
				want.Ack.Result = test.payload
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestContent: bytes arrive as they are, and so does the answer, also in a request
// that was made from them.
func TestContent(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	h.connect("a", echo)
	for _, payload := range []string{"", "text", "<ü\u2028\x00\n\">", `{"action":"restart"}`, "\xff\x00", "null", "\ufffd"} {
		body, err := json.Marshal(httpapi.SendRequest{ClientID: "a", WaitAck: true, Content: httpapi.NewContent([]byte(payload))})
		if err != nil {
			t.Fatal(err)
		}
		var got httpapi.SendReply
		call(t, h.api, "POST", "/api/send", string(body), http.StatusOK, &got)
		if answer := string(got.Ack.Bytes()); answer != payload {
			t.Errorf("%q was answered with %q", payload, answer)
		}
	}
}

func TestSendWithoutWaiting(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	received, release := make(chan string, 1), make(chan struct{})
	defer close(release)
	h.connect("a", func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		received <- m.MsgId
		<-release
		return nil, nil
	})
	var got httpapi.SendReply
	call(t, h.api, "POST", "/api/send", `{"client_id":"a","payload":"x"}`, http.StatusOK, &got)
	want := httpapi.SendReply{Success: true, MsgID: <-received, Message: "queued for a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHandlerFails(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	h.connect("a", func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		return nil, errors.New("the disk is full")
	})
	var got httpapi.SendReply
	call(t, h.api, "POST", "/api/send", `{"client_id":"a","wait_ack":true}`, http.StatusOK, &got)
	if got.Success || got.Ack == nil || got.Ack.Status != "FAILURE" || got.Ack.Code != "handler_failed" ||
		!strings.Contains(got.Ack.Error, "the disk is full") || !strings.Contains(got.Message, "the disk is full") {
		t.Errorf("got %+v with %+v", got, got.Ack)
	}
}

func TestBroadcast(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	received := make(chan *protocol.DataMessage)
	for _, id := range []string{"a", "b", "c"} {
		h.connect(id, func(_ context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
			received <- m
			return nil, nil
		})
	}
	var got httpapi.BroadcastReply
	call(t, h.api, "POST", "/api/broadcast", `{"payload":{"event":"update"},"headers":{"k":"v"}}`, http.StatusOK, &got)
	for range 3 {
		m := <-received
		if m.MsgId != got.MsgID || m.Type != protocol.MessageType_MESSAGE_TYPE_EVENT || string(m.Payload) != `{"event":"update"}` || m.Headers["k"] != "v" {
			t.Errorf("a client received %v", m)
		}
	}
	want := httpapi.BroadcastReply{Success: true, MsgID: got.MsgID, Total: 3, SuccessCount: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBroadcastNamesWhoWasLeftOut(t *testing.T) {
	hub := &testhub.Hub{OnBroadcast: func(m *protocol.DataMessage) (server.BroadcastResult, error) {
		return server.BroadcastResult{MessageID: m.MsgId, Total: 2, Delivered: 1, Failed: map[string]error{"b": qerrors.ErrQueueFull}}, nil
	}}
	var got httpapi.BroadcastReply
	call(t, serve(t, hub), "POST", "/api/broadcast", `{"type":"command"}`, http.StatusOK, &got)
	want := httpapi.BroadcastReply{MsgID: got.MsgID, Total: 2, SuccessCount: 1, FailedCount: 1, Failed: map[string]string{"b": "queue_full"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTimeoutIsPassedOn(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"client_id":"a"}`: 0,
		`{"client_id":"a","timeout_ms":1500,"wait_ack":true}`:    1500 * time.Millisecond,
		`{"client_id":"a","timeout_ms":3600000,"wait_ack":true}`: time.Hour,
	} {
		hub := &testhub.Hub{OnSend: func(_ context.Context, _ string, _ *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
			if timeout != want || waitAck != strings.Contains(body, "wait_ack") {
				t.Errorf("%s: timeout %v, wait for the acknowledgement %v", body, timeout, waitAck)
			}
			return nil, nil
		}}
		call(t, serve(t, hub), "POST", "/api/send", body, http.StatusOK, nil)
	}
}

// A body is not limited to the megabyte that is the default of such libraries:
// the hub knows what is too much.
func TestLargePayload(t *testing.T) {
	const size = 2 << 20
	hub := &testhub.Hub{OnSend: func(_ context.Context, _ string, m *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
		if len(m.Payload) != size {
			t.Errorf("the payload has %d bytes, want %d", len(m.Payload), size)
		}
		return nil, nil
	}}
	body := `{"client_id":"a","payload_base64":"` + base64.StdEncoding.EncodeToString(make([]byte, size)) + `"}`
	call(t, serve(t, hub), "POST", "/api/send", body, http.StatusOK, nil)
}
