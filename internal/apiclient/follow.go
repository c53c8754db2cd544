package apiclient

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// silence is how long a stream of events may have nothing, not even a comment.
	silence        = time.Minute
	initialBackoff = 250 * time.Millisecond
	maxBackoff     = 10 * time.Second
)

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
	in := newStream(watched(response.Body, func() {
		f.failures = 0
		quiet.Reset(silence)
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
