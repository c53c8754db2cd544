package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testnet"
)

func TestQlog(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "traces")
	h := startHub(t, "-qlog-dir", dir)
	h.agent("a", "-handler", "cat")
	h.answers("a", "before", "before")
	var first, second httpapi.Qlog
	h.call("PUT", "/api/clients/a/qlog", "", &first)
	h.answers("a", "during", "during")
	eventually(t, "the events are in the file while the trace goes on", func() bool {
		text, err := os.ReadFile(first.Path) // whose last record may not be whole yet
		return err == nil && bytes.Contains(text, []byte(`"transport:packet_sent"`))
	})
	h.call("DELETE", "/api/clients/a/qlog", "", nil)
	complete := testnet.ReadQlog(t, first.Path)
	h.answers("a", "after", "after")
	if now := testnet.ReadQlog(t, first.Path); len(now.Events) != len(complete.Events) {
		t.Errorf("the file had %d events when the trace was off, and now has %d", len(complete.Events), len(now.Events))
	}
	if filepath.Dir(first.Path) != dir || h.Await("qlog begun") == "" || !strings.Contains(h.Await("qlog ended"), first.Path) {
		t.Errorf("the trace %s is not in %s or not in the log", first.Path, dir)
	}

	h.call("PUT", "/api/clients/a/qlog", "", &second)
	if code := h.Stop(); code != 0 {
		t.Errorf("stopped with a trace that is on, the hub exits with %d", code)
	}
	if q := testnet.ReadQlog(t, second.Path); q.Count("transport:connection_closed") != 1 {
		t.Error("the second trace does not have the end of its connection")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder that the hub made: %v, %v", info.Mode(), err)
	}
}

func TestQlogWithoutAFolder(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.agent("a")
	var p httpapi.Problem
	h.call("PUT", "/api/clients/a/qlog", "", &p)
	if p.Status != 409 || p.Code != "invalid_config" || !strings.Contains(p.Detail, "-qlog-dir") {
		t.Errorf("answered %+v", p)
	}
}
