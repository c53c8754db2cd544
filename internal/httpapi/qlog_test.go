package httpapi_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestQlog(t *testing.T) {
	for id, file := range map[string]string{"edge/7 ü": "edge_7___", "/": "__"} {
		t.Run(id, func(t *testing.T) { testQlog(t, id, file) })
	}
}

func testQlog(t *testing.T, id, file string) {
	dir := t.TempDir()
	h := startHub(t, server.ServerConfig{QlogDir: dir})
	h.connect(id, echo)
	path := "/api/clients/" + url.PathEscape(id) + "/qlog"
	call(t, h.api, "DELETE", path, "", http.StatusNoContent, nil) // it is not on
	var first, again httpapi.Qlog
	call(t, h.api, "PUT", path, "", http.StatusOK, &first)
	call(t, h.api, "PUT", path, "", http.StatusOK, &again)
	if first.Path != again.Path || filepath.Dir(first.Path) != dir || !strings.HasPrefix(filepath.Base(first.Path), file) {
		t.Errorf("the traces are %q and %q, in %s", first.Path, again.Path, dir)
	}
	call(t, h.api, "POST", "/api/send", `{"client_id":"`+id+`","payload":"x","wait_ack":true}`, http.StatusOK, nil)
	call(t, h.api, "DELETE", path, "", http.StatusNoContent, nil)
	if q := testnet.ReadQlog(t, first.Path); q.Count("transport:packet_sent") == 0 {
		t.Errorf("the trace has %d events", len(q.Events))
	}
	call(t, h.api, "DELETE", path, "", http.StatusNoContent, nil)
}

func TestQlogProblems(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	without, gone := startHub(t, server.ServerConfig{}), startHub(t, server.ServerConfig{QlogDir: dir})
	without.connect("a", echo)
	gone.connect("a", echo)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		hub          *hub
		method, id   string
		status       int
		code, detail string
	}{
		"unknown":        {without, "PUT", "b", 404, "unknown_client", `"b"`},
		"stop unknown":   {without, "DELETE", "b", 404, "unknown_client", `"b"`},
		"no folder":      {without, "PUT", "a", 409, "invalid_config", "-qlog-dir"},
		"folder is gone": {gone, "PUT", "a", 409, "invalid_config", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			var p httpapi.Problem
			call(t, test.hub.api, test.method, "/api/clients/"+test.id+"/qlog", "", test.status, &p)
			if p.Code != test.code || !strings.Contains(p.Detail, test.detail) {
				t.Errorf("code %q, detail %q", p.Code, p.Detail)
			}
		})
	}
}
