package webhook_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/webhook"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		handle  http.HandlerFunc
		result  string
		failure string
	}{
		"echo":           {func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, "payload", ""},
		"nothing":        {func(http.ResponseWriter, *http.Request) {}, "", ""},
		"no content":     {status(204, ""), "", ""},
		"accepted":       {status(202, "soon"), "soon", ""},
		"bytes":          {status(200, "\x00\xff"), "\x00\xff", ""},
		"just the limit": {status(200, strings.Repeat("x", 1000)), strings.Repeat("x", 1000), ""},
		"over the limit": {status(200, strings.Repeat("x", 1001)), "", "the webhook answered with more than the 1000 bytes that a result may have"},
		"bad request":    {status(400, " no such job\n"), "", "the webhook answered 400 Bad Request: no such job"},
		"server error":   {status(500, ""), "", "the webhook answered 500 Internal Server Error"},
		"too many":       {status(429, "later"), "", "the webhook answered 429 Too Many Requests: later"},
		"not text":       {status(404, "a\xff\x1b[31m\nb"), "", "the webhook answered 404 Not Found: a? [31m b"},
		"long text":      {status(500, strings.Repeat("é", 5000)), "", "the webhook answered 500 Internal Server Error: " + strings.Repeat("é", 512) + "..."},
		"redirect":       {redirect, "", "the webhook answered 307 Temporary Redirect: redirects are not followed, give the hub the URL that it leads to"},
		"compressed":     {compressed, "\x1f\x8bnot really", ""},
		"broken off":     {brokenOff, "", "the answer of the webhook broke off: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, serve(t, test.handle).URL, webhook.Options{MaxResult: 1000})
			result, err := ask(t, h, command("payload"))
			if test.failure != "" {
				wantFailure(t, err, test.failure)
			} else if err != nil || result != test.result {
				t.Errorf("answered %q and %v, want %q", result, err, test.result)
			}
		})
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
}

func compressed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = io.WriteString(w, "\x1f\x8bnot really")
}

func brokenOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "the beginning")
}

func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(status(200, ""))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, err := ask(t, newHandler(t, s.URL, webhook.Options{}), command(""))
	if qerrors.CodeOf(err) != qerrors.HandlerFailed || !strings.Contains(err.Error(), "the webhook cannot be reached: tls: failed to verify certificate: x509: ") {
		t.Errorf("got %v", err)
	}
}

func TestUnusableOptions(t *testing.T) {
	const secret = "hunter2"
	for _, target := range []string{
		"", "handler.example/messages", "ftp://handler.example", "http://", "http:///messages", "/messages", ":",
		"http://user:" + secret + " x@handler.example/", "http://[::1/?token=" + secret, "https:handler.example?token=" + secret,
		"http://handler.example:port/?token=" + secret,
	} {
		_, err := webhook.New(target, webhook.Options{})
		if qerrors.CodeOf(err) != qerrors.InvalidConfig || !strings.Contains(err.Error(), "https://host/path") || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", target, err)
		}
	}
	for _, o := range []webhook.Options{{Concurrency: -1}, {MaxResult: -1}} {
		if _, err := webhook.New("http://handler.example", o); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
