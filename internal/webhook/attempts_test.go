package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/webhook"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestRepeated: what the webhook could not take is posted again as it was.
func TestRepeated(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{
		"unavailable": status(503, "starting"),
		"broken connection": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				err = conn.Close()
			}
			if err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var signatures sync.Map
			var attempts atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				signatures.Store(r.Header.Get("X-Quic-Signature"), true)
				body, err := io.ReadAll(r.Body)
				if err != nil || string(body) != "payload" || r.Header.Get("X-Quic-Message-Id") != "m-1" {
					t.Errorf("got %q and %v, message %q", body, err, r.Header.Get("X-Quic-Message-Id"))
				}
				if attempts.Add(1) < 3 {
					fail(w, r)
					return
				}
				_, _ = io.WriteString(w, "done")
			})
			h := newHandler(t, s.URL, webhook.Options{Secret: []byte("x")})
			if result, err := ask(t, h, command("payload")); err != nil || result != "done" {
				t.Errorf("answered %q and %v", result, err)
			}
			if n := attempts.Load(); n != 3 {
				t.Errorf("it was posted %d times, want 3", n)
			}
		})
	}
}

// TestRetryAfter: the webhook says when it can be asked again, and the request is
// signed anew, since the time is part of the signature.
func TestRetryAfter(t *testing.T) {
	var times []time.Time
	var stamps, signatures []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		times = append(times, time.Now())
		stamps = append(stamps, r.Header.Get("X-Quic-Timestamp"))
		signatures = append(signatures, r.Header.Get("X-Quic-Signature"))
		if len(times) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if _, err := ask(t, newHandler(t, s.URL, webhook.Options{Secret: []byte("x")}), command("")); err != nil {
		t.Fatal(err)
	}
	if len(times) != 2 || times[1].Sub(times[0]) < time.Second {
		t.Errorf("it was posted at %v, want a second between", times)
	}
	if stamps[0] == stamps[1] || signatures[0] == signatures[1] {
		t.Errorf("the times are %q, the signatures %q", stamps, signatures)
	}
}

// TestNoTimeLeft: the sender is told what the webhook said rather than nothing.
func TestNoTimeLeft(t *testing.T) {
	for retryAfter, want := range map[string]string{
		"3600":                 "the webhook answered 503 Service Unavailable: starting",
		"9999999999":           "the webhook answered 503 Service Unavailable: starting",
		"99999999999999999999": "",
		"":                     "",
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "starting")
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := newHandler(t, s.URL, webhook.Options{}).OnMessage(ctx, command(""))
		cancel()
		if want != "" {
			wantFailure(t, err, want)
		} else if qerrors.CodeOf(err) != qerrors.HandlerFailed || !strings.Contains(err.Error(), "503 Service Unavailable (") || !strings.Contains(err.Error(), " attempts): starting") {
			t.Errorf("Retry-After %q: %v", retryAfter, err)
		}
	}
}

// TestUnreachable: neither the sender nor the log learns a secret of the URL, and
// the sender no address.
func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h := newHandler(t, "http://user:hunter2@"+addr+"/?token=hunter2", webhook.Options{
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = h.OnMessage(ctx, command(""))
	if text := err.Error(); qerrors.CodeOf(err) != qerrors.HandlerFailed || !strings.Contains(text, "the webhook cannot be reached (") ||
		!strings.Contains(text, "connection refused") || strings.Contains(text, "hunter2") || strings.Contains(text, addr) {
		t.Errorf("got %v", err)
	}
	if text := log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, addr) || !strings.Contains(text, "msg_id=m-1 code=handler_failed") {
		t.Errorf("the log says\n%s", text)
	}
}

// TestEnded: the end of the handler's context ends a request under way, a pause,
// and the wait for a place.
func TestEnded(t *testing.T) {
	asked := make(chan struct{}, 10)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		if r.Header.Get("X-Quic-Header-Pause") != "" {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	for name, test := range map[string]struct{ pause, behind bool }{
		"under way": {}, "in a pause": {pause: true}, "no place": {behind: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, s.URL, webhook.Options{Concurrency: 1})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.behind {
				go func() { _, _ = h.OnMessage(t.Context(), command("first")) }()
			}
			go func() {
				<-asked
				cancel()
			}()
			msg := command("")
			if test.pause {
				msg.Headers = map[string]string{"pause": "1"}
			}
			if test.behind {
				<-ctx.Done()
			}
			if _, err := h.OnMessage(ctx, msg); !errors.Is(err, context.Canceled) || qerrors.CodeOf(err) == qerrors.HandlerFailed {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// TestConcurrency: no more than so many are posted at once.
func TestConcurrency(t *testing.T) {
	const limit, messages = 3, 20
	var now, most atomic.Int32
	full := make(chan struct{})
	var once sync.Once
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == limit {
			once.Do(func() { close(full) })
		}
		<-full
	})
	h := newHandler(t, s.URL, webhook.Options{Concurrency: limit})
	var wg sync.WaitGroup
	for range messages {
		wg.Go(func() {
			if _, err := ask(t, h, command("")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != limit {
		t.Errorf("%d were posted at once, want %d", most.Load(), limit)
	}
}
