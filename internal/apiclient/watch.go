package apiclient

import (
	"context"
	"errors"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Event is something that happened at the hub.
type Event struct {
	ID   uint64 `json:"id"`    // to go on behind it
	Type string `json:"event"` // connect, disconnect, heartbeat_timeout, message or missed
	httpapi.EventData
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
