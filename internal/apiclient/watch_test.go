package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// script is a hub whose streams of events are written beforehand: one for each
// request, which it notes; after the last it says that it is being stopped.
type script struct {
	requests []string
	streams  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, r.URL.String()+" "+r.Header.Get("Last-Event-ID"))
	if len(s.streams) == 0 {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":"invalid_argument","detail":"no more"}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	fmt.Fprint(w, s.streams[0])
	s.streams = s.streams[1:]
}

func connectEvent(id int) string {
	return fmt.Sprintf("id: %d\nevent: connect\ndata: {\"time\":%d,\"client_id\":\"a\"}\n\n", id, 1000+id)
}

func TestWatch(t *testing.T) {
	hub := &script{streams: []string{
		"retry: 1\nid: 7\n\n",
		connectEvent(8) +
			"id: 9\nevent: disconnect\ndata: {\"time\":5,\"client_id\":\"a\",\"code\":\"idle_timeout\",\"reason\":\"gone\"}\n\n" +
			"id: 10\nevent: mess", // cut
		": nothing\n\n",
		"id: 10\nevent: message\ndata: {\"time\":6,\"client_id\":\"b\",\"msg_id\":\"m\",\"new\":true}\n\n",
		"event: missed\ndata: {\"time\":7,\"missed\":3}\n\n",
		connectEvent(2), // another hub
	}}
	api := httptest.NewServer(hub)
	t.Cleanup(api.Close)
	var got []apiclient.Event
	retries := 0
	err := newClient(t, api.URL).Watch(t.Context(), apiclient.Watch{
		Types: []string{"connect", "message"}, After: 5,
		OnEvent: func(e apiclient.Event) error {
			got = append(got, e)
			return nil
		},
		OnRetry: func(err error, wait time.Duration) {
			retries++
			if !errors.Is(err, qerrors.ErrUnreachable) || wait > 16*time.Millisecond {
				t.Errorf("next attempt in %v, after %v", wait, err)
			}
		},
	})
	if !errors.Is(err, qerrors.ErrInvalidArgument) || retries != 6 {
		t.Errorf("after %d retries it ended with %v", retries, err)
	}
	event := func(id uint64, kind string, data httpapi.EventData) apiclient.Event {
		return apiclient.Event{ID: id, Type: kind, EventData: data}
	}
	gone, three := "gone", uint64(3)
	want := []apiclient.Event{
		event(8, "connect", httpapi.EventData{Time: 1008, ClientID: "a"}),
		event(9, "disconnect", httpapi.EventData{Time: 5, ClientID: "a", Code: "idle_timeout", Reason: &gone}),
		event(10, "message", httpapi.EventData{Time: 6, ClientID: "b", MsgID: "m"}),
		event(10, "missed", httpapi.EventData{Time: 7, Missed: &three}),
		event(2, "connect", httpapi.EventData{Time: 1002, ClientID: "a"}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const path = "/api/events?types=connect%2Cmessage "
	if diff := cmp.Diff([]string{path + "5", path + "7", path + "9", path + "9", path + "10", path + "10", path + "2"}, hub.requests); diff != "" {
		t.Error(diff)
	}
}

func TestWatchThatCannotBegin(t *testing.T) {
	hub := &script{}
	api := httptest.NewServer(hub)
	t.Cleanup(api.Close)
	watch := apiclient.Watch{OnEvent: func(apiclient.Event) error { return nil }}
	if err := newClient(t, api.URL).Watch(t.Context(), watch); !errors.Is(err, qerrors.ErrInvalidArgument) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"/api/events "}, hub.requests); diff != "" {
		t.Error(diff)
	}
	api.Close()
	if err := newClient(t, api.URL).Watch(t.Context(), watch); !errors.Is(err, qerrors.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
}

// TestEventsThatAreNone: what would come again and again ends the watch.
func TestEventsThatAreNone(t *testing.T) {
	for _, text := range []string{"id: 1\ndata: {\n\n", "id: x\ndata: {}\n\n", "data: {\"time\":\"now\"}\n\n"} {
		api := httptest.NewServer(&script{streams: []string{text, text}})
		t.Cleanup(api.Close)
		err := newClient(t, api.URL).Watch(t.Context(), apiclient.Watch{OnEvent: func(apiclient.Event) error { return nil }})
		if !errors.Is(err, qerrors.ErrIncompatible) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWatchEndsWithItsCaller(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, connectEvent(1))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(api.Close)
	broken := errors.New("broken pipe")
	err := newClient(t, api.URL).Watch(t.Context(), apiclient.Watch{OnEvent: func(apiclient.Event) error { return broken }})
	if err != broken {
		t.Errorf("error %v, want that of OnEvent", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = newClient(t, api.URL).Watch(ctx, apiclient.Watch{OnEvent: func(apiclient.Event) error {
		cancel()
		return nil
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancellation", err)
	}
}

// transport is a hub without a network, for virtual time.
type transport func(n int, w *io.PipeWriter) error

type counted struct {
	transport
	n int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	c.n++
	n := c.n
	context.AfterFunc(r.Context(), func() { _ = w.CloseWithError(r.Context().Err()) })
	if err := c.transport(n, w); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: body, Request: r}, nil
}

// TestSilence: a stream lives as long as there are comments, and is given up when
// there is nothing.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begun := time.Now()
		c := newClient(t, "localhost:1")
		c.SetTransport(&counted{transport: func(_ int, w *io.PipeWriter) error {
			go func() {
				_, _ = io.WriteString(w, ":\n")
				for range 9 {
					time.Sleep(apiclient.Silence - time.Second)
					_, _ = io.WriteString(w, ": still here\n")
				}
			}()
			return nil
		}})
		var lostAfter time.Duration
		_ = c.Watch(ctx, apiclient.Watch{
			OnEvent: func(apiclient.Event) error { return nil },
			OnRetry: func(err error, _ time.Duration) {
				lostAfter = time.Since(begun)
				if !errors.Is(err, qerrors.ErrTimeout) {
					t.Errorf("the stream was given up for %v", err)
				}
				cancel()
			},
		})
		if want := 10*apiclient.Silence - 9*time.Second; lostAfter != want {
			t.Errorf("the stream was given up after %v, want %v", lostAfter, want)
		}
	})
}

// TestBackoff: attempts come at times that grow, up to a limit, until there is a
// stream that has something.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := newClient(t, "localhost:1")
		c.SetTransport(&counted{transport: func(n int, w *io.PipeWriter) error {
			if n > 1 && n < 12 {
				return errors.New("nobody there")
			}
			go func() {
				_, _ = io.WriteString(w, ":\n")
				_ = w.Close()
			}()
			return nil
		}})
		var waits []time.Duration
		_ = c.Watch(ctx, apiclient.Watch{
			OnEvent: func(apiclient.Event) error { return nil },
			OnRetry: func(_ error, wait time.Duration) {
				if waits = append(waits, wait); len(waits) == 12 {
					cancel()
				}
			},
		})
		upper := 250 * time.Millisecond
		for i, wait := range waits {
			if i == 11 {
				upper = 250 * time.Millisecond // there was a stream
			}
			if wait < upper/2 || wait > upper {
				t.Errorf("wait %d is %v, want at most %v and at least half of that", i, wait, upper)
			}
			upper = min(2*upper, 10*time.Second)
		}
		if slices.Max(waits) < 5*time.Second {
			t.Errorf("the waits are %v", waits)
		}
	})
}

// TestHubThatHangs: one that takes the request and says nothing is no hub.
func TestHubThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "localhost:1")
		c.SetTransport(hanging{})
		err := c.Watch(t.Context(), apiclient.Watch{OnEvent: func(apiclient.Event) error { return nil }})
		if !errors.Is(err, qerrors.ErrTimeout) || !strings.Contains(err.Error(), "10s") {
			t.Errorf("watching: %v", err)
		}
		if _, err := c.List(t.Context(), "", 0); !errors.Is(err, qerrors.ErrTimeout) {
			t.Errorf("listing: %v", err)
		}
	})
}

type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}
