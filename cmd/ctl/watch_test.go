package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kballard/go-shellquote"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

const events = `retry: 1

id: 7
event: connect
data: {"time":1700000000001,"client_id":"client-001"}

: still here

id: 8
event: heartbeat_timeout
data: {"time":1700000000002,"client_id":"client-001"}

id: 9
event: disconnect
data: {"time":1700000000003,"client_id":"a\u001b[2J\u202eb","code":"idle_timeout","reason":"no\nmore"}

`

const moreEvents = `id: 10
event: message
data: {"time":1700000000004,"client_id":"client-001","msg_id":"m1"}

id: 11
event: missed
data: {"time":1700000000005,"missed":3}

id: 11
event: missed
data: {"time":1700000000005,"missed":0,"restarted":true}

id: 12
event: a_newer_one
data: {"time":1700000000006}

`

// serveEvents serves some events, cuts the connection, and serves the others to who
// says where it was.
func serveEvents(t *testing.T, query string) string {
	t.Helper()
	var requests atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, last := requests.Add(1), r.Header.Get("Last-Event-ID")
		if r.URL.Path != "/api/events" || r.URL.RawQuery != query || last != map[int32]string{1: "6", 2: "9"}[n] {
			t.Errorf("request %d is for %s after %q", n, r.URL, last)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		if n == 1 {
			fmt.Fprint(w, events)
			return
		}
		fmt.Fprint(w, moreEvents)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	return api.URL
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, query, args string }{
		{"watch", "", ""},
		{"watch-json", "types=connect%2Cmessage", "-json -types connect,message"},
		{"watch-types", "types=connect%2Cmessage", "-types connect -types \"message \""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			words, err := shellquote.Split(test.args)
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"watch", "-after", "6"}, words...)
			cmd := quicCtl(t, t.TempDir(), []string{"QUIC_API=" + serveEvents(t, test.query), "TZ=UTC"}, args...)
			p := testprocess.Start(t, cmd)
			p.Await("a_newer_one")
			p.Signal(os.Interrupt)
			if code := p.Wait(); code != 0 {
				t.Errorf("exit code %d after an interrupt", code)
			}
			if lost := p.Stderr(); strings.Count(lost, "\n") != 1 || !strings.Contains(lost, "was lost: EOF; next attempt in ") {
				t.Errorf("stderr says %q", lost)
			}
			golden.Compare(t, filepath.Join("testdata", test.name+".golden"), p.Stdout())
		})
	}
}
