package integration

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const webhookSecret = "4d5c9b3a"

// startWebhook starts one that answers what it got, and a hub that posts to it.
func startWebhook(t *testing.T, answer http.HandlerFunc, args ...string) *hub {
	t.Helper()
	hook := httptest.NewServer(answer)
	t.Cleanup(hook.Close)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return startHub(t, append([]string{"-webhook", hook.URL + "/?token=hunter2", "-webhook-secret-file", key}, args...)...)
}

// TestWebhook sends messages of all types to a hub whose answers come from elsewhere.
func TestWebhook(t *testing.T) {
	t.Parallel()
	h := startWebhook(t, func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		header := func(name string) string { return r.Header.Get("X-Quic-" + name) }
		mac := hmac.New(sha256.New, []byte(webhookSecret))
		mac.Write([]byte(header("Timestamp") + "\n" + header("Message-Id") + "\n" + header("Message-Type") + "\n" + header("Sender-Id") + "\n"))
		mac.Write(payload)
		if header("Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s is signed with %s", header("Message-Id"), header("Signature"))
		}
		if string(payload) == "bad" {
			http.Error(w, "the disk is full", http.StatusInsufficientStorage)
			return
		}
		_, _ = io.WriteString(w, header("Message-Type")+" from "+header("Sender-Id")+": "+string(payload))
	})
	for _, kind := range []string{"command", "event", "query"} {
		p := run(t, "quic-client", h.clientArgs("edge 7", "-type", kind, "-send", "hello", "-wait-ack")...)
		if want := kind + " from edge 7: hello"; p.Wait() != 0 || p.Stdout() != want {
			t.Errorf("answered %q, want %q; %s", p.Stdout(), want, p.Stderr())
		}
	}
	p := run(t, "quic-client", h.clientArgs("a", "-send", "bad", "-wait-ack")...)
	if want := "the webhook answered 507 Insufficient Storage: the disk is full"; p.Wait() != 1 || !strings.Contains(p.Stderr(), want) {
		t.Errorf("exit code %d, %s", p.Wait(), p.Stderr())
	}
	h.Await("handler failed")
	if code := h.Stop(); code != 0 {
		t.Errorf("the hub exited with %d", code)
	}
	if log := h.Stderr(); strings.Contains(log, "hunter2") || strings.Contains(log, webhookSecret) {
		t.Errorf("the log of the hub has a secret:\n%s", log)
	}
}

// TestHubDrainsItsWebhook: what was posted is answered though the hub is being
// stopped.
func TestHubDrainsItsWebhook(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	h := startWebhook(t, func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	sender := start(t, nil, "quic-client", h.clientArgs("a", "-send", "x", "-wait-ack")...)
	<-asked
	h.Signal(syscall.SIGTERM)
	h.Await("msg=stopping")
	close(release)
	if code := sender.Wait(); code != 0 || sender.Stdout() != "done" {
		t.Errorf("the sender exited with %d and printed %q", code, sender.Stdout())
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("the hub exited with %d", code)
	}
}
