package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// follower reads a stream of events.
type follower struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Scanner
	id    uint64 // the latest id
}

// event is an event as it comes.
type event struct {
	id   uint64
	name string
	data httpapi.EventData
}

// follow begins to read events; lastID is sent unless it is empty.
func follow(t *testing.T, client *http.Client, url, lastID string) *follower {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("status %d, content type %q", response.StatusCode, kind)
	}
	f := &follower{t: t, body: response.Body, lines: bufio.NewScanner(response.Body)}
	t.Cleanup(f.leave)
	if comment := f.comment(); comment != ": events follow" {
		t.Fatalf("the stream begins with %q", comment)
	}
	return f
}

func (f *follower) leave() { _ = f.body.Close() }

// comment reads up to the next comment, and the empty line behind it.
func (f *follower) comment() string {
	f.t.Helper()
	for f.lines.Scan() {
		if line := f.lines.Text(); strings.HasPrefix(line, ":") {
			f.block()
			return line
		}
	}
	f.t.Fatalf("the stream ended: %v", f.lines.Err())
	return ""
}

// next returns the next event, or nil at an orderly end.
func (f *follower) next() *event {
	f.t.Helper()
	for {
		e, more := f.block()
		if e != nil || !more {
			return e
		}
	}
}

// block reads lines up to an empty one, as WHATWG HTML says; it has no event
// unless it has data.
func (f *follower) block() (e *event, more bool) {
	f.t.Helper()
	name := ""
	for f.lines.Scan() {
		field, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch field {
		case "":
			if e != nil {
				e.name, e.id = name, f.id
			}
			return e, true
		case "id":
			var err error
			if f.id, err = strconv.ParseUint(value, 10, 64); err != nil {
				f.t.Fatal(err)
			}
		case "event":
			name = value
		case "data":
			e = new(event)
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	if err := f.lines.Err(); err != nil {
		f.t.Fatal(err)
	}
	return nil, false
}

func TestEvents(t *testing.T) {
	h := startHub(t, server.ServerConfig{})
	f := follow(t, h.api.Client(), h.api.URL+"/api/events", "")
	begin := f.id
	c := h.connect("a", echo)
	if _, err := c.SendMessage(t.Context(), &protocol.DataMessage{MsgId: "m-1\n\"", Type: protocol.MessageType_MESSAGE_TYPE_EVENT}, false, 0); err != nil {
		t.Fatal(err)
	}
	var got []event
	for range 2 {
		got = append(got, *f.next())
	}
	call(t, h.api, "DELETE", "/api/clients/a", "", http.StatusNoContent, nil)
	got = append(got, *f.next())
	h.disconnected("a", c)
	reason := "disconnected by the hub's operator"
	want := []event{
		{begin + 1, "connect", httpapi.EventData{ClientID: "a"}},
		{begin + 2, "message", httpapi.EventData{ClientID: "a", MsgID: "m-1\n\""}},
		{begin + 3, "disconnect", httpapi.EventData{ClientID: "a", Code: "disconnected", Reason: &reason}},
	}
	for i := range got {
		if got[i].data.Time < 1e12 {
			t.Errorf("the time of an event is %d", got[i].data.Time)
		}
		got[i].data.Time = 0
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
		t.Error(diff)
	}
	again := follow(t, h.api.Client(), h.api.URL+"/api/events?types=message,disconnect", fmt.Sprint(begin+1))
	for _, want := range want[1:] {
		if e := again.next(); e.id != want.id || e.name != want.name {
			t.Errorf("resumed, got %+v, want %+v", e, want)
		}
	}
	h.events.Close()
	for _, f := range []*follower{f, again} {
		if e := f.next(); e != nil {
			t.Errorf("after the end there is %+v", e)
		}
	}
	var p httpapi.Problem
	call(t, h.api, "GET", "/api/events", "", http.StatusServiceUnavailable, &p)
	if p.Code != "draining" {
		t.Errorf("code %q", p.Code)
	}
}

// TestMessagesCostNothing: they are recorded for those who want them, only.
func TestMessagesCostNothing(t *testing.T) {
	events := newEvents(t)
	api := serveEvents(t, events)
	follow(t, api.Client(), api.URL+"/api/events?types=connect,disconnect,heartbeat_timeout", "")
	if events.Hooks().PerMessage.Load() {
		t.Error("messages are recorded though nobody wants them")
	}
	follow(t, api.Client(), api.URL+"/api/events?types=message", "")
	if !events.Hooks().PerMessage.Load() {
		t.Error("messages are not recorded")
	}
}

func TestMissed(t *testing.T) {
	const over = 10
	events := newEvents(t)
	api := serveEvents(t, events)
	f := follow(t, api.Client(), api.URL+"/api/events", "")
	begin := f.id
	f.leave()
	for i := range eventlog.Size + over {
		events.Hooks().OnConnect(fmt.Sprint(i))
	}
	for id, wantRestarted := range map[uint64]bool{begin: false, begin - 1000: true} {
		f = follow(t, api.Client(), api.URL+"/api/events", fmt.Sprint(id))
		e := f.next()
		if e.name != "missed" || e.id != begin+over || e.data.Missed == nil || *e.data.Missed != over || e.data.Restarted != wantRestarted {
			t.Errorf("after %d: %+v", id, e)
		}
		gone := e.data.Time
		for i := range 300 { // more than are read at once
			e := f.next()
			if i == 0 && e.data.Time != gone {
				t.Errorf("what is gone has the time %d, and what follows it %d", gone, e.data.Time)
			}
			if e.id != begin+over+uint64(i)+1 || e.data.ClientID != fmt.Sprint(over+i) {
				t.Fatalf("event %d: %+v", i, e)
			}
		}
	}
}

func TestUnusableRequestsOfEvents(t *testing.T) {
	api := serveEvents(t, newEvents(t))
	for _, query := range []string{"?types=foo", "?types=connect,foo", "?types=missed", "?type=connect"} {
		var p httpapi.Problem
		call(t, api, "GET", "/api/events"+query, "", http.StatusUnprocessableEntity, &p)
		if !strings.Contains(p.Detail, "query.type") {
			t.Errorf("%s: %s", query, p.Detail)
		}
	}
	for _, id := range []string{"x", "-1", "1-1", "99999999999999999999"} {
		request, err := http.NewRequest("GET", api.URL+"/api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Last-Event-ID", id)
		response, err := api.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("Last-Event-ID %q: status %d", id, response.StatusCode)
		}
	}
	response, err := api.Client().Head(api.URL + "/api/events")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %v, %v", response, err)
	}
}

// TestTooManyStreams: a place that was left is free again.
func TestTooManyStreams(t *testing.T) {
	const limit = 100
	api := serveEvents(t, newEvents(t))
	var all []*follower
	for range limit {
		all = append(all, follow(t, api.Client(), api.URL+"/api/events", ""))
	}
	var p httpapi.Problem
	header := call(t, api, "GET", "/api/events", "", http.StatusTooManyRequests, &p)
	if header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "100 readers") {
		t.Errorf("Retry-After %q, %s", header.Get("Retry-After"), p.Detail)
	}
	all[0].leave()
	eventually(t, "the place is free", func() bool {
		response, err := api.Client().Head(api.URL + "/api/events")
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode == http.StatusOK
	})
}
