package httpapi_test

import (
	"context"
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

func TestUnusableRequests(t *testing.T) {
	send := func(fields string) string { return `{"client_id":"a",` + fields + `}` }
	tests := map[string]struct {
		method, path, body string
		status             int
		code, detail       string
	}{
		"no JSON":             {"POST", "/api/send", `{"client_id":`, 400, "invalid_argument", "unexpected end of JSON"},
		"no body":             {"POST", "/api/send", ``, 400, "invalid_argument", "body is required"},
		"no client id":        {"POST", "/api/send", `{"payload":"x"}`, 422, "invalid_argument", "client_id"},
		"empty client id":     {"POST", "/api/send", `{"client_id":""}`, 422, "invalid_argument", "body.client_id"},
		"unknown field":       {"POST", "/api/send", send(`"pyload":1`), 422, "invalid_argument", "pyload"},
		"unknown type":        {"POST", "/api/send", send(`"type":"order"`), 422, "invalid_argument", "body.type"},
		"wrong kind of field": {"POST", "/api/send", send(`"wait_ack":"yes"`), 422, "invalid_argument", "body.wait_ack"},
		"negative timeout":    {"POST", "/api/send", send(`"timeout_ms":-1`), 422, "invalid_argument", "body.timeout_ms"},
		"timeout of days":     {"POST", "/api/send", send(`"timeout_ms":99999999`), 422, "invalid_argument", "body.timeout_ms"},
		"headers no strings":  {"POST", "/api/send", send(`"headers":{"a":1}`), 422, "invalid_argument", "body.headers.a"},
		"two payloads":        {"POST", "/api/send", send(`"payload":"","payload_base64":"AA=="`), 422, "invalid_argument", "use one of them"},
		"not UTF-8":           {"POST", "/api/send", send("\"payload\":\"x\xff\""), 422, "invalid_argument", "for bytes use payload_base64"},
		"not UTF-8 inside":    {"POST", "/api/send", send("\"payload\":{\"k\":\"\xff\"}"), 422, "invalid_argument", "payload_base64"},
		"lone surrogate":      {"POST", "/api/send", send(`"payload":"x\ud800"`), 422, "invalid_argument", "/payload is not Unicode"},
		"surrogate inside":    {"POST", "/api/send", send(`"payload":{"k":"\udc00"}`), 422, "invalid_argument", "for bytes use payload_base64"},
		"field twice":         {"POST", "/api/send", send(`"client_id":"b"`), 422, "invalid_argument", "/client_id is there twice"},
		"header twice":        {"POST", "/api/send", send(`"headers":{"k":"1","k":"2"}`), 422, "invalid_argument", "/headers/k is there twice"},
		"other letters":       {"POST", "/api/send", `{"CLIENT_ID":"a"}`, 422, "invalid_argument", "/CLIENT_ID is no field"},
		"other letters, too":  {"POST", "/api/send", send(`"Client_ID":"b"`), 422, "invalid_argument", "Client_ID"},
		"field of another":    {"POST", "/api/send", send(`"timeout":5`), 422, "invalid_argument", "body.timeout: unexpected property: the fields are client_id, headers, payload, payload_base64, timeout_ms, type, wait_ack"},
		"far over the limit":  {"POST", "/api/send", send(`"payload":"` + strings.Repeat("x", 4<<20) + `"`), 413, "payload_too_large", "the payload in it may have 1048576 bytes: split it, or raise -max-payload"},
		"broadcast twice":     {"POST", "/api/broadcast", `{"type":"event","type":"command"}`, 422, "invalid_argument", "/type is there twice"},
		"bad base64":          {"POST", "/api/send", send(`"payload_base64":"A"`), 422, "invalid_argument", "payload_base64"},
		"too many headers":    {"POST", "/api/send", send(`"headers":{"k":"` + strings.Repeat("v", 17<<10) + `"}`), 422, "invalid_argument", "the headers have"},
		"over the limit":      {"POST", "/api/send", send(`"payload":"` + strings.Repeat("x", 1<<20+1) + `"`), 413, "payload_too_large", "over the limit"},
		"unknown client":      {"POST", "/api/send", send(`"payload":"x"`), 404, "unknown_client", `"a"`},
		"broadcast too large": {"POST", "/api/broadcast", `{"payload":"` + strings.Repeat("x", 1<<20+1) + `"}`, 413, "payload_too_large", "over the limit"},
		"broadcast, no JSON":  {"POST", "/api/broadcast", `x`, 400, "invalid_argument", "invalid character"},
		"limit of zero":       {"GET", "/api/clients?limit=0", "", 422, "invalid_argument", "query.limit"},
		"limit too high":      {"GET", "/api/clients?limit=1001", "", 422, "invalid_argument", "query.limit"},
		"limit no number":     {"GET", "/api/clients?limit=ten", "", 422, "invalid_argument", "query.limit"},
		"unknown parameter":   {"GET", "/api/clients?offset=3", "", 422, "invalid_argument", "query.offset"},
		"no such path":        {"GET", "/api/nothing", "", 404, "invalid_argument", "/openapi.json"},
		"no such file":        {"GET", "/docs/docs.go", "", 404, "invalid_argument", "/openapi.json"},
		"no list of files":    {"GET", "/docs/", "", 404, "invalid_argument", "/openapi.json"},
		"no such method":      {"PUT", "/api/send", "{}", 405, "invalid_argument", "POST"},
	}
	h := startHub(t, server.ServerConfig{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var p httpapi.Problem
			header := call(t, h.api, test.method, test.path, test.body, test.status, &p)
			if kind := header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("the content type is %q", kind)
			}
			if p.Status != test.status || p.Title != http.StatusText(test.status) || p.Code != test.code {
				t.Errorf("status %d, title %q, code %q", p.Status, p.Title, p.Code)
			}
			if !strings.Contains(p.Detail, test.detail) || len(p.Detail) > 1000 {
				t.Errorf("detail %.1000q does not say %q, or is too long", p.Detail, test.detail)
			}
		})
	}
}

func TestNotJSON(t *testing.T) {
	api := serve(t, &testhub.Hub{})
	response, err := api.Client().Post(api.URL+"/api/send", "application/x-www-form-urlencoded", strings.NewReader(`{"client_id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("status %d, want 415", response.StatusCode)
	}
}

func TestErrorsOfTheHub(t *testing.T) {
	for code, want := range map[qerrors.Code]int{
		qerrors.InvalidArgument:  422,
		qerrors.UnknownClient:    404,
		qerrors.PermissionDenied: 403,
		qerrors.NotConnected:     409,
		qerrors.ConnectionLost:   409,
		qerrors.InvalidConfig:    409,
		qerrors.PayloadTooLarge:  413,
		qerrors.QueueFull:        429,
		qerrors.TooManyPromises:  429,
		qerrors.Draining:         503,
		qerrors.Closed:           503,
		qerrors.Timeout:          504,
		qerrors.Internal:         500,
	} {
		for outcome, wantOutcome := range map[qerrors.Outcome]string{
			qerrors.OutcomeNone: "", qerrors.OutcomeNotSent: "not_sent", qerrors.OutcomeUnknown: "unknown",
		} {
			var msgID string
			hub := &testhub.Hub{OnSend: func(_ context.Context, _ string, m *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
				msgID = m.MsgId
				return nil, &qerrors.Error{Code: code, Message: "so it is", Outcome: outcome}
			}}
			var got httpapi.Problem
			header := call(t, serve(t, hub), "POST", "/api/send", `{"client_id":"a"}`, want, &got)
			expected := httpapi.Problem{
				Title: http.StatusText(want), Status: want, Code: code.String(), Detail: "so it is", MsgID: msgID, Outcome: wantOutcome,
			}
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Error(diff)
			}
			if again := header.Get("Retry-After") != ""; again != (want == 429 || want == 503) {
				t.Errorf("%v: Retry-After is %q", code, header.Get("Retry-After"))
			}
		}
	}
}

func TestErrorOfABroadcast(t *testing.T) {
	hub := &testhub.Hub{OnBroadcast: func(*protocol.DataMessage) (server.BroadcastResult, error) {
		return server.BroadcastResult{}, errors.New("a fault")
	}}
	var got httpapi.Problem
	call(t, serve(t, hub), "POST", "/api/broadcast", `{}`, http.StatusInternalServerError, &got)
	if got.Code != "internal" || got.Detail != "a fault" {
		t.Errorf("code %q, detail %q", got.Code, got.Detail)
	}
}

func TestNoAcknowledgementInTime(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	h.connect("a", func(ctx context.Context, _ *protocol.DataMessage) (*protocol.DataMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	var got httpapi.Problem
	call(t, h.api, "POST", "/api/send", `{"client_id":"a","wait_ack":true,"timeout_ms":50}`, http.StatusGatewayTimeout, &got)
	if got.Code != "timeout" || got.Outcome != "unknown" || got.MsgID == "" {
		t.Errorf("got %+v", got)
	}
}

func TestAcknowledgedTooLate(t *testing.T) {
	hub := &testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
		return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_TIMEOUT, Code: uint32(qerrors.DeadlinePassed), Error: "too late"}, nil
	}}
	var got httpapi.Problem
	call(t, serve(t, hub), "POST", "/api/send", `{"client_id":"a","wait_ack":true}`, http.StatusGatewayTimeout, &got)
	if got.Code != "timeout" || got.Outcome != "unknown" || got.Detail != "too late" {
		t.Errorf("got %+v", got)
	}
}

// A client that ends while its handler runs is not waited for.
func TestClientEndsMeanwhile(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	handling, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	c := h.connect("a", func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		close(handling)
		<-release
		return nil, nil
	})
	result := make(chan error, 1)
	go func() {
		<-handling
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		result <- c.Close(ctx)
	}()
	var got httpapi.Problem
	call(t, h.api, "POST", "/api/send", `{"client_id":"a","wait_ack":true}`, http.StatusConflict, &got)
	if got.Code != "connection_lost" || got.Outcome != "unknown" {
		t.Errorf("got %+v", got)
	}
	if err := <-result; qerrors.CodeOf(err) != qerrors.Canceled {
		t.Error(err)
	}
	h.disconnected("a", c)
}

func TestCallerGoesAway(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan error, 1)
	api := serve(t, &testhub.Hub{OnSend: func(ctx context.Context, _ string, _ *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
		close(asked)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, qerrors.FromContext(ctx)
	}})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	request, err := http.NewRequestWithContext(ctx, "POST", api.URL+"/api/send", strings.NewReader(`{"client_id":"a","wait_ack":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Client().Do(request); !errors.Is(err, context.Canceled) {
		t.Fatalf("the request ended with %v", err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the message was given up for %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the hub still waits for the acknowledgement")
	}
}

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	api := serve(t, &testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
		t.Error("the hub was asked to send")
		return nil, nil
	}})
	request, err := http.NewRequest("POST", api.URL+"/api/send", strings.NewReader(`{"client_id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := api.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusForbidden || response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, content type %q", response.StatusCode, response.Header.Get("Content-Type"))
	}
}

func TestDraining(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	handling, release := make(chan struct{}), make(chan struct{})
	h.connect("a", func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		close(handling)
		<-release
		return nil, nil
	})
	call(t, h.api, "POST", "/api/send", `{"client_id":"a"}`, http.StatusOK, nil)
	<-handling
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop(t, h.srv.Stop)
	}()
	defer func() {
		close(release)
		<-stopped
	}()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		response, err := h.api.Client().Post(h.api.URL+"/api/send", "application/json", strings.NewReader(`{"client_id":"b"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a hub that is being stopped answers with status %d", response.StatusCode)
		}
	}
	for path, body := range map[string]string{"/api/send": `{"client_id":"a"}`, "/api/broadcast": `{}`} {
		var p httpapi.Problem
		call(t, h.api, "POST", path, body, http.StatusServiceUnavailable, &p)
		if p.Code != "draining" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}
