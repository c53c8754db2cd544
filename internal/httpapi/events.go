package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/voilet/QuicFlow/internal/eventlog"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// maxStreams is how many may read events at once.
const maxStreams = 100

type eventsInput struct {
	Types       []string `query:"types" nullable:"false" enum:"connect,disconnect,heartbeat_timeout,message" example:"connect,disconnect" doc:"Only events of these types, with commas between them. Default: all."`
	LastEventID string   `header:"Last-Event-ID" example:"1767225600000042" doc:"Begin with what came after the event that had this id."`
}

// EventData is the data of an event.
type EventData struct {
	Time      int64   `json:"time" example:"1767225600123" doc:"Unix milliseconds."`
	ClientID  string  `json:"client_id,omitempty" example:"client-001" doc:"Whom it is about; not of missed."`
	Code      string  `json:"code,omitempty" doc:"Of disconnect: why, for programs, such as idle_timeout; ok for an orderly end."`
	Reason    *string `json:"reason,omitempty" nullable:"false" doc:"Of disconnect: why, for people; empty for an orderly end."`
	MsgID     string  `json:"msg_id,omitempty" doc:"Of message: its id."`
	Missed    *uint64 `json:"missed,omitempty" nullable:"false" doc:"Of missed: so many events of the types asked for are gone. It can be too many if events of other types are gone as well."`
	Restarted bool    `json:"restarted,omitempty" doc:"Of missed: Last-Event-ID is no id of this run of the hub, so that it may be of another. What came after it there is not known, and not counted."`
}

const eventsDescription = "Server-sent events (WHATWG HTML), from now on, or, with Last-Event-ID, from where a reader was " +
	"interrupted: the latest 16,384 of each type are kept. Messages are kept while somebody reads them, and for a minute afterwards.\n\n" +
	"The id is a number that grows with each event, by one unless events are missing, and on over a restart of the hub. " +
	"A reader that is too slow, or comes back too late, gets an event missed that says so, in the place of what is missing. " +
	"A line that is a comment comes every 15 s when there is nothing else."

func (a *api) addEvents() {
	responses := a.problems(http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable)
	responses["200"] = a.eventStream()
	huma.Register(a, huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: "/api/events", Tags: []string{tagHub},
		Summary:                      "Follow what happens",
		Description:                  eventsDescription,
		RejectUnknownQueryParameters: true,
		Responses:                    responses,
	}, a.followEvents)
}

// eventStream describes the stream, of which OpenAPI 3.1 can only say what one
// event is.
func (a *api) eventStream() *huma.Response {
	names := []any{}
	for _, kind := range eventlog.Kinds() {
		names = append(names, kind.String())
	}
	return &huma.Response{
		Description: "A stream of events; each has these fields.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
			Type: huma.TypeArray,
			Items: &huma.Schema{Type: huma.TypeObject, Required: []string{"id", "event", "data"}, Properties: map[string]*huma.Schema{
				"id":    {Type: huma.TypeInteger, Description: "For Last-Event-ID.", Examples: []any{1767225600000042}},
				"event": {Type: huma.TypeString, Description: "The type.", Enum: append(names, missed)},
				"data":  a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[EventData](), true, ""),
			}},
		}}},
	}
}

// followEvents answers with a stream that ends with the caller, or with the log.
func (a *api) followEvents(_ context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	reader, position, err := a.newReader(in)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer func() { <-a.streams }()
		defer reader.Close()
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // of nginx
		if r.Method == http.MethodHead {
			return
		}
		s := newStream(w, a.events.Context())
		defer s.close()
		s.begin(position)
		s.serve(r.Context(), reader)
	}}, nil
}

// newReader takes a place for a stream and returns its reader, and the id after
// which it begins.
func (a *api) newReader(in *eventsInput) (*eventlog.Reader, uint64, error) {
	kinds := eventlog.Kinds()
	if len(in.Types) > 0 {
		kinds = nil
	}
	for _, name := range in.Types {
		kind, _ := eventlog.ParseKind(name) // huma has checked it
		kinds = append(kinds, kind)
	}
	var after uint64
	if in.LastEventID != "" {
		var err error
		if after, err = strconv.ParseUint(in.LastEventID, 10, 64); err != nil {
			return nil, 0, newProblem(http.StatusUnprocessableEntity, qerrors.InvalidArgument,
				"Last-Event-ID is no id of an event: use that of the last one you got, or leave it out")
		}
	}
	if a.events.Context().Err() != nil {
		return nil, 0, newProblem(http.StatusServiceUnavailable, qerrors.Draining, "the hub is being stopped")
	}
	select {
	case a.streams <- struct{}{}:
	default:
		return nil, 0, newProblem(http.StatusTooManyRequests, qerrors.TooManyRequests,
			"there are "+strconv.Itoa(maxStreams)+" readers of events: end one of them, or try again later")
	}
	if in.LastEventID != "" {
		return a.events.Resume(after, kinds...), after, nil
	}
	reader, after := a.events.Follow(kinds...)
	return reader, after, nil
}
