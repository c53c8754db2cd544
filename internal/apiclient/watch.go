package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const (
	// silence is how long a stream of events may have nothing, not even a comment.
	silence        = time.Minute
	initialBackoff = 250 * time.Millisecond
	maxBackoff     = 10 * time.Second
)

// Event is something that happened at the hub.
type Event struct {
	ID       uint64 `json:"id"`    // one more than that of the event before
	Type     string `json:"event"` // connect, disconnect, heartbeat_timeout, message or missed
	Time     int64  `json:"time"`  // Unix milliseconds
	ClientID string `json:"client_id,omitempty"`
	Code     string `json:"code,omitempty"`   // why a client was disconnected
	Reason   string `json:"reason,omitempty"` // the same for people
	MsgID    string `json:"msg_id,omitempty"`
	Missed   uint64 `json:"missed,omitempty"` // events that are lost to who watches

	// Restarted says that more may be missing, of a run of the hub before this one.
	Restarted bool `json:"restarted,omitempty"`
}

// Watch says what to watch, and what to do about it.
type Watch struct {
	Types   []string                            // of events; none stands for all
	After   uint64                              // begin after the event with this id; 0 begins now
	OnEvent func(Event) error                   // an error ends the watch
	OnRetry func(err error, wait time.Duration) // the stream was lost; may be nil
}

// Watch calls w.OnEvent for each event, until ctx ends. It fails when the stream
// does not begin. One that is lost later is resumed where it ended, as often as it
// takes; then it fails only if the hub refuses.
func (c *Client) Watch(ctx context.Context, w Watch) error {
	f := &follower{Client: c, Watch: w}
	for ctx.Err() == nil {
		err := f.follow(ctx)
		var done *doneError
		switch {
		case errors.As(err, &done):
			return done.err
		case ctx.Err() != nil:
			continue
		case !f.begun || !lost(err):
			return err
		}
		wait := f.backoff()
		if w.OnRetry != nil {
			w.OnRetry(err, wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return qerrors.FromContext(ctx)
}

// lost reports whether trying again may help.
func lost(err error) bool {
	switch qerrors.CodeOf(err) {
	case qerrors.Unreachable, qerrors.Timeout, qerrors.Draining, qerrors.Closed, qerrors.TooManyClients, qerrors.QueueFull, qerrors.Internal:
		return true
	default:
		return false
	}
}

// doneError is the error of OnEvent.
type doneError struct{ err error }

func (e *doneError) Error() string { return e.err.Error() }

// follower is a watch that goes on over several streams.
type follower struct {
	*Client
	Watch
	begun    bool          // there was a stream
	failures int           // attempts since a stream had anything
	retry    time.Duration // as the hub said
}

// backoff returns how long to wait before the next stream: less than the hub or
// initialBackoff says, doubled with each failure in a row, so that those who lost
// the hub together come back apart.
func (f *follower) backoff() time.Duration {
	wait := initialBackoff
	if f.retry > 0 {
		wait = min(f.retry, maxBackoff)
	}
	for range f.failures {
		if wait *= 2; wait >= maxBackoff {
			wait = maxBackoff
			break
		}
	}
	f.failures++
	return wait/2 + rand.N(wait/2+1)
}

// follow follows one stream to its end.
func (f *follower) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(patience, func() { cancel(f.silent(patience)) })
	defer late.Stop()
	r := request{method: http.MethodGet, path: []string{"events"}, header: http.Header{"Accept": {"text/event-stream"}}}
	if len(f.Types) > 0 {
		r.query = url.Values{"types": {strings.Join(f.Types, ",")}}
	}
	if f.After > 0 {
		r.header.Set("Last-Event-ID", strconv.FormatUint(f.After, 10))
	}
	response, err := f.open(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind != "text/event-stream" {
		return f.strange("no events but %q", kind)
	}
	f.begun = true
	late.Stop()
	quiet := time.AfterFunc(silence, func() { cancel(f.silent(silence)) })
	defer quiet.Stop()
	in := newStream(readerFunc(func(b []byte) (int, error) {
		n, err := response.Body.Read(b)
		if n > 0 {
			f.failures = 0
			quiet.Reset(silence)
		}
		return n, err
	}))
	for {
		m, err := in.next()
		if in.retry > 0 {
			f.retry = in.retry // for the streams to come, too
		}
		if err != nil {
			if id, err := strconv.ParseUint(in.lastID, 10, 64); err == nil {
				f.After = id // there may have been none of an event yet
			}
			return f.failed(ctx, r, true, err)
		}
		if err := f.take(m); err != nil {
			return err
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// take passes an event on.
func (f *follower) take(m message) error {
	var e Event
	if err := json.Unmarshal(m.data, &e); err != nil {
		return f.strange("an event that cannot be read: %w", err)
	}
	e.ID, e.Type = f.After, m.event
	if m.id != "" {
		id, err := strconv.ParseUint(m.id, 10, 64)
		if err != nil {
			return f.strange("an event with the id %q, which is no number", m.id)
		}
		e.ID = id
	}
	if err := f.OnEvent(e); err != nil {
		return &doneError{err}
	}
	f.After = e.ID
	return nil
}
