package program_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestWebhook(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("hunter2\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signatures := map[string]bool{}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		signatures[r.Header.Get("X-Quic-Signature")] = true
		if string(payload) == "bad" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, r.Header.Get("X-Quic-Message-Type")+" from "+r.Header.Get("X-Quic-Sender-Id")+": "+string(payload))
	}))
	t.Cleanup(hook.Close)
	for _, secret := range [][]string{nil, {"-webhook-secret", "hunter2"}, {"-webhook-secret-file", key}} {
		d, log := newDispatcher(t, slog.LevelDebug, append(secret, "-webhook", hook.URL)...)
		for kind := protocol.MessageType(1); kind <= 4; kind++ {
			if ack := submit(t, d, kind, "x"); string(ack.Result) != kind.Name()+" from client-001: x" {
				t.Errorf("%v: acknowledged with %v", kind, ack)
			}
		}
		if ack := submit(t, d, 2, "bad"); ack.Status != protocol.AckStatus_ACK_STATUS_FAILURE ||
			ack.Code != uint32(qerrors.HandlerFailed) || ack.Error != "the webhook answered 418 I'm a teapot: event from client-001: bad" {
			t.Errorf("acknowledged with %v", ack)
		}
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("the log has the secret:\n%s", log)
		}
	}
	if !signatures[""] || len(signatures) < 3 {
		t.Errorf("the signatures are %v", signatures)
	}
}

// TestWorkersOfAWebhook: each message that waits for one takes a worker.
func TestWorkersOfAWebhook(t *testing.T) {
	for args, want := range map[string]int{
		"":                        10,
		"-webhook-concurrency 50": 10,
		"-webhook http://h":       32,
		"-webhook http://h -webhook-concurrency 4":              10,
		"-webhook http://h -webhook-concurrency 50":             50,
		"-webhook http://h -webhook-concurrency 50 -workers 20": 20,
	} {
		d, _ := newDispatcher(t, slog.LevelInfo, strings.Fields(args)...)
		if got := d.Stats().Workers; got != want {
			t.Errorf("%q: %d workers, want %d", args, got, want)
		}
	}
}

func TestUnusableWebhooks(t *testing.T) {
	const secret = "hunter2"
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"-webhook http://h -handler cat":                                     "both -handler and -webhook are set",
		"-webhook ftp://user:hunter2@h":                                      "write it like https://host/path",
		"-webhook http://h:hunter2":                                          "write it like https://host/path",
		"-webhook-secret " + secret:                                          "set -webhook as well",
		"-webhook-secret-file " + empty:                                      "is empty",
		"-webhook http://h -webhook-secret-file x":                           "cannot read the key of -webhook-secret-file: open x",
		"-webhook http://h -webhook-secret-file x -webhook-secret " + secret: "both -webhook-secret and -webhook-secret-file are set",
	} {
		err := run(t, func(cmd *cli.Command) error {
			_, err := program.NewDispatcher(cmd, slog.New(slog.DiscardHandler))
			return err
		}, strings.Fields(args)...)
		if !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", args, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error has the secret: %v", args, err)
		}
	}
}
