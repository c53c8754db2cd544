package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// guarded returns an API that asks for tokens, and a token of each scope.
func guarded(t *testing.T) (handler http.Handler, reader, admin string) {
	t.Helper()
	reader, admin = bearer.New(), bearer.New()
	tokens, err := bearer.Parse([]byte(bearer.Line(bearer.Caller{Name: "reader", Scope: bearer.Read}, reader) + "\n" +
		bearer.Line(bearer.Caller{Name: "admin", Scope: bearer.Admin}, admin)))
	if err != nil {
		t.Fatal(err)
	}
	hub := &testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
		return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, nil
	}}
	return httpapi.NewHandler(hub, httpapi.Options{Tokens: func() *bearer.Tokens { return tokens }}), reader, admin
}

func refusal(t *testing.T, w *httptest.ResponseRecorder) httpapi.Problem {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return p
}

// A refusal says what is needed, before anything of the body was read.
func TestRefusals(t *testing.T) {
	handler, reader, _ := guarded(t)
	for _, test := range []struct {
		token, code, challenge, detail string
		status                         int
	}{
		{"", "unauthenticated", `Bearer realm="quic-backbone"`, "send it as Authorization: Bearer TOKEN", http.StatusUnauthorized},
		{"guessed", "unauthenticated", `Bearer realm="quic-backbone"`, "needs a token", http.StatusUnauthorized},
		{reader, "permission_denied", `Bearer realm="quic-backbone", error="insufficient_scope"`, "the token of reader may only read", http.StatusForbidden},
	} {
		body := &counted{Reader: endless{}}
		request := httptest.NewRequest("POST", "http://localhost/api/send", body)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+test.token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request)
		p := refusal(t, w)
		if w.Code != test.status || p.Code != test.code || p.Outcome != "not_sent" || !strings.Contains(p.Detail, test.detail) || w.Header().Get("WWW-Authenticate") != test.challenge {
			t.Errorf("status %d, %+v, %v", w.Code, p, w.Header())
		}
		if body.read > 0 {
			t.Errorf("%d bytes of the body were read", body.read)
		}
		if test.token != "" && strings.Contains(w.Body.String(), test.token) {
			t.Errorf("the answer has the token: %s", w.Body)
		}
	}
}

// The description says which operations need a token.
func TestDescriptionOfTokens(t *testing.T) {
	handler, _, _ := guarded(t)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/openapi.json", nil))
	var document struct {
		Components struct {
			SecuritySchemes map[string]struct{ Type, Scheme string }
		}
		Paths map[string]map[string]struct {
			Security  []map[string][]string
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if scheme := document.Components.SecuritySchemes["token"]; scheme.Type != "http" || scheme.Scheme != "bearer" {
		t.Errorf("the scheme is %+v", scheme)
	}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			_, unauthorized := operation.Responses["401"]
			if needed := path != "/health"; (len(operation.Security) == 1) != needed || unauthorized != needed {
				t.Errorf("%s %s: %+v", method, path, operation)
			}
		}
	}
}

// However a path is written, it leads nowhere without a token, and out of the API never.
func TestPathTraversal(t *testing.T) {
	handler, _, admin := guarded(t)
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, path := range []string{
		"/docs/../api/clients", "/docs/%2e%2e/api/clients", "/docs/..%2fapi%2fclients", "/docs/../../../../etc/passwd",
		"/docs/%2e%2e/%2e%2e/etc/passwd", "/docs/docs.css/../../../handler.go", "/docs//etc/passwd", "//api/clients", "/./api/clients",
		"/health/../api/clients", "/health%2f..%2fapi/clients", "/api/clients/..%2f..%2fhealth", "/docs/..;/api/clients", "/docs/\\..\\..\\api",
		"/api/clients/%00", "/api/clients/%2F%2e%2e%2fhealth",
	} {
		for _, token := range []string{"", admin} {
			status, body := raw(t, server, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\nConnection: close\r\n\r\n")
			if token == "" && status < 300 || strings.Contains(body, "root:") || strings.Contains(body, "package httpapi") {
				t.Errorf("%s with token %q: status %d, %s", path, token, status, body)
			}
			if token != "" && status >= 500 {
				t.Errorf("%s: status %d, %s", path, status, body)
			}
		}
	}
}

// What a request says of itself gets into no header of the answer.
func TestHeaderInjection(t *testing.T) {
	handler, _, admin := guarded(t)
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, request := range []string{
		"GET /%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: localhost\r\n",
		"GET /api/clients/%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: localhost\r\n",
		"GET /docs/%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: localhost\r\n",
		"GET //evil.example/%0d%0aX-Injected:%20yes/.. HTTP/1.1\r\nHost: localhost\r\n",
		"GET /api/clients HTTP/1.1\r\nHost: evil\r\n\tX-Injected: yes\r\n",
		"GET /api/clients?prefix=%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: localhost\r\n",
		"GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\rX-Injected: yes\r\n",
		"GET /api/events HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a\rX-Injected: yes\r\n",
		"%0d%0aX-Injected / HTTP/1.1\r\nHost: localhost\r\n",
	} {
		_, answer := raw(t, server, request+"Authorization: Bearer "+admin+"\r\nConnection: close\r\n\r\n")
		head, _, _ := strings.Cut(answer, "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if strings.HasPrefix(line, "X-Injected") {
				t.Errorf("%q has the answer %q", request, head)
			}
		}
	}
}

// raw sends text as it is, and returns the status and all of the answer.
func raw(t *testing.T, server *httptest.Server, text string) (status int, answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	_, _ = fmt.Sscanf(string(content), "HTTP/1.1 %d", &status)
	return status, string(content)
}

// A body that is cut short is the caller's fault, and is said to be.
func TestBodyCutShort(t *testing.T) {
	handler, _, admin := guarded(t)
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "+admin+
		"\r\nContent-Length: 100\r\n\r\n{\"client_id\":")
	_ = conn.(*net.TCPConn).CloseWrite()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var p httpapi.Problem
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil || response.StatusCode != http.StatusBadRequest || p.Outcome != "not_sent" {
		t.Errorf("status %d, %+v, %v", response.StatusCode, p, err)
	}
}

// Pages of other origins see nothing, unless theirs is configured.
func TestOrigins(t *testing.T) {
	for name, test := range map[string]struct {
		origins, origin string
		allowed         bool
	}{
		"none configured": {"", "https://ops.example.com", false},
		"configured":      {"https://ops.example.com", "https://ops.example.com", true},
		"another":         {"https://ops.example.com", "https://evil.example", false},
		"its beginning":   {"https://ops.example.com", "https://ops.example.com.evil.example", false},
		"another scheme":  {"https://ops.example.com", "http://ops.example.com", false},
		"null":            {"https://ops.example.com", "null", false},
	} {
		t.Run(name, func(t *testing.T) {
			options := httpapi.Options{}
			if test.origins != "" {
				options.Origins = []string{test.origins}
			}
			handler := httpapi.NewHandler(&testhub.Hub{}, options)
			for _, method := range []string{"GET", "OPTIONS", "POST"} {
				request := httptest.NewRequest(method, "http://localhost/api/clients", nil)
				request.Header.Set("Origin", test.origin)
				request.Header.Set("Sec-Fetch-Site", "cross-site")
				request.Header.Set("Access-Control-Request-Method", "POST")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, request)
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" != test.allowed || test.allowed && got != test.origin {
					t.Errorf("%s: the origin that may read the answer is %q", method, got)
				}
				if method == "POST" && (w.Code == http.StatusForbidden) == test.allowed {
					t.Errorf("POST: status %d", w.Code)
				}
			}
		})
	}
	for text, ok := range map[string]bool{"https://ops.example.com": true, "http://localhost:3000": true, "*": false, "null": false, "ops.example.com": false, "https://a/b": false, "": false} {
		if err := httpapi.CheckOrigin(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
