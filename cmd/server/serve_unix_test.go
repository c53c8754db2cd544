//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestHandlersAreKilled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		drain   string
		signals int
		want    string // the reason, on stderr
	}{
		{"1ms", 1, "the 1ms of -drain-timeout are over"},
		{"1h", 2, "second signal received: terminated"},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			hub, dir := start(t, "-drain-timeout", test.drain, "-handler", "sh -c 'exec 9>held; sleep 1000 & wait'")
			pipe := filepath.Join(dir, "held")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := connect(t, hub, dir).SendAsync(t.Context(), text(""), 0); err != nil {
				t.Fatal(err)
			}
			held, err := os.Open(pipe) // waits for the handler
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()

			for range test.signals {
				hub.Signal(syscall.SIGTERM)
				hub.Await("msg=stopping")
			}
			if code := hub.Wait(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			for _, want := range []string{"quic-server: timeout: stopped before all was done", test.want} {
				if !strings.Contains(hub.Stderr(), want) {
					t.Errorf("stderr does not say %q:\n%s", want, hub.Stderr())
				}
			}
			if _, err := io.Copy(io.Discard, held); err != nil { // until handler and child are gone
				t.Error(err)
			}
		})
	}
}
