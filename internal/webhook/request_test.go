package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/webhook"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// posted is what a webhook got.
type posted struct {
	method, path, query, body string
	header                    http.Header
}

// record returns a webhook that answers "done", and what it gets.
func record(t *testing.T) (url string, requests <-chan posted) {
	got := make(chan posted, 100)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- posted{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header}
		_, _ = io.WriteString(w, "done")
	})
	return s.URL, got
}

func TestRequest(t *testing.T) {
	url, requests := record(t)
	h := newHandler(t, url+"/messages?token=x", webhook.Options{})
	for kind, name := range map[protocol.MessageType]string{
		protocol.MessageType_MESSAGE_TYPE_COMMAND:  "command",
		protocol.MessageType_MESSAGE_TYPE_EVENT:    "event",
		protocol.MessageType_MESSAGE_TYPE_QUERY:    "query",
		protocol.MessageType_MESSAGE_TYPE_RESPONSE: "response",
	} {
		for _, payload := range []string{"\x00\xff\nbytes", "", strings.Repeat("x", 3<<20)} {
			msg := command(payload)
			msg.Type = kind
			if result, err := ask(t, h, msg); err != nil || result != "done" {
				t.Errorf("answered %q and %v", result, err)
			}
			got := <-requests
			if got.method != "POST" || got.path != "/messages" || got.query != "token=x" || got.body != payload {
				t.Errorf("got %s %s?%s with %d bytes", got.method, got.path, got.query, len(got.body))
			}
			now := time.Now().Unix()
			if at, err := strconv.ParseInt(got.header.Get("X-Quic-Timestamp"), 10, 64); err != nil || at > now || at < now-int64(patience.Seconds()) {
				t.Errorf("the time is %q, at %d", got.header.Get("X-Quic-Timestamp"), now)
			}
			got.header.Del("X-Quic-Timestamp")
			want := http.Header{
				"Accept-Encoding":     nil,
				"Content-Length":      {strconv.Itoa(len(payload))},
				"Content-Type":        {"application/octet-stream"},
				"User-Agent":          {"quic-backbone"},
				"X-Quic-Message-Id":   {"m-1"},
				"X-Quic-Message-Type": {name},
				"X-Quic-Sender-Id":    {"client-001"},
			}
			delete(want, "Accept-Encoding")
			if diff := cmp.Diff(want, got.header); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// TestHeadersOfMessages: nothing that a client chose can look like something else.
func TestHeadersOfMessages(t *testing.T) {
	url, requests := record(t)
	h := newHandler(t, url, webhook.Options{})
	const parent, state = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=a,b=c"
	msg := command("")
	msg.MsgId, msg.SenderId = "m\r\nX-Evil: 1", " käfer 100% "
	msg.Headers = map[string]string{
		"traceparent":           parent,
		"tracestate":            state,
		"Authorization":         "Bearer x",
		"X-Quic-Sender-Id":      "root",
		"a key:":                "a\r\nX-Evil: 2",
		"\r\nX-Evil: 3\r\n\r\n": "",
		"":                      "\x00é",
		"k":                     "lower", "K": "upper",
	}
	if _, err := ask(t, h, msg); err != nil {
		t.Fatal(err)
	}
	got := (<-requests).header
	for _, ordinary := range []string{"Content-Length", "Content-Type", "User-Agent", "X-Quic-Timestamp", "X-Quic-Message-Type"} {
		got.Del(ordinary)
	}
	want := http.Header{
		"X-Quic-Message-Id":                             {"m%0D%0AX-Evil: 1"},
		"X-Quic-Sender-Id":                              {"%20k%C3%A4fer 100%25%20"},
		"Traceparent":                                   {parent},
		"Tracestate":                                    {state},
		"X-Quic-Header-":                                {"%00%C3%A9"},
		"X-Quic-Header-Authorization":                   {"Bearer x"},
		"X-Quic-Header-X-Quic-Sender-Id":                {"root"},
		"X-Quic-Header-A%20key%3a":                      {"a%0D%0AX-Evil: 2"},
		"X-Quic-Header-K":                               {"upper", "lower"},
		"X-Quic-Header-%0d%0ax-Evil%3a%203%0d%0a%0d%0a": {""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnusableTraceContext is passed on as any other header.
func TestUnusableTraceContext(t *testing.T) {
	url, requests := record(t)
	msg := command("")
	msg.Headers = map[string]string{"traceparent": "a\r\nX-Evil: 1"}
	if _, err := ask(t, newHandler(t, url, webhook.Options{}), msg); err != nil {
		t.Fatal(err)
	}
	got := (<-requests).header
	if got.Get("Traceparent") != "" || got.Get("X-Quic-Header-Traceparent") != "a%0D%0AX-Evil: 1" {
		t.Errorf("got %v", got)
	}
}

// TestTraceOfTheHandler: what the webhook does is part of what the handler does.
func TestTraceOfTheHandler(t *testing.T) {
	url, requests := record(t)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	msg := command("")
	msg.Headers = map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "vendor=a"}
	_, err := newHandler(t, url, webhook.Options{}).OnMessage(trace.ContextWithSpanContext(t.Context(), span), msg)
	if err != nil {
		t.Fatal(err)
	}
	got := (<-requests).header
	if parent := got.Get("Traceparent"); parent != "00-01000000000000000000000000000000-0200000000000000-01" || got.Get("Tracestate") != "" {
		t.Errorf("the parent is %s with %q, want the span of the handler", parent, got.Get("Tracestate"))
	}
}

func TestSignature(t *testing.T) {
	const secret = "a secret"
	url, requests := record(t)
	h := newHandler(t, url, webhook.Options{Secret: []byte(secret)})
	msg := command("the payload\n")
	msg.SenderId = "käfer"
	if _, err := ask(t, h, msg); err != nil {
		t.Fatal(err)
	}
	got := <-requests
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(got.header.Get("X-Quic-Timestamp") + "\nm-1\ncommand\nk%C3%A4fer\nthe payload\n"))
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); got.header.Get("X-Quic-Signature") != want {
		t.Errorf("the signature is %q, want %q", got.header.Get("X-Quic-Signature"), want)
	}
}
