// Package httpapi lets programs that do not speak QUIC drive a hub: they see who
// is connected, and send messages, with JSON over HTTP.
//
//	GET    /health
//	GET    /api/clients?limit=&cursor=&prefix=
//	GET    /api/clients/{id}
//	DELETE /api/clients/{id}
//	PUT    /api/clients/{id}/qlog
//	DELETE /api/clients/{id}/qlog
//	POST   /api/send        {"client_id":"client-001","payload":"...","wait_ack":true}
//	POST   /api/broadcast   {"payload":{"any":"JSON"}}
//	GET    /api/events?types=connect,disconnect
//	GET    /openapi.json
//	GET    /docs            the same for people
//
// Times are Unix milliseconds. Errors are problem documents (RFC 9457) with the
// code of package errors and, where a message is concerned, whether it was sent.
// A caller that goes away cancels its request. Messages belong to the trace that a
// request names in its headers (W3C Trace Context).
//
// With [Options.Tokens] a caller needs a bearer token: one with the scope read to look,
// and one with admin for everything else. Without them there is no authentication: listen
// where only trusted programs can connect. Web
// pages of other origins are refused, unless [Options.Origins] has them, since they can reach a loopback address
// through the browser of somebody who may. So are requests whose Host is neither
// an IP address, nor localhost, nor a name that [NewHandler] was told: to a page
// whose own name was made to lead here, this would be its own origin.
//
// An [http.Server] with this handler needs a ReadHeaderTimeout and no WriteTimeout,
// which would cut off who waits for an acknowledgement. The time to read a body is
// bounded here.
package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/voilet/QuicFlow/internal/audit"
	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/session"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Hub is what the API needs of a [server.Server].
type Hub interface {
	SendMessage(ctx context.Context, clientID string, msg *protocol.DataMessage,
		waitAck bool, timeout time.Duration) (*protocol.AckMessage, error)
	Broadcast(ctx context.Context, msg *protocol.DataMessage) (server.BroadcastResult, error)
	ClientPage(prefix, after string, limit int) (page []session.Info, total int)
	Client(clientID string) (session.Info, bool)
	Disconnect(clientID, reason string) error
	StartQlog(clientID string) (path string, err error)
	StopQlog(clientID string) error
}

// The tags group the operations in the description.
const (
	tagClients  = "Clients"
	tagMessages = "Messages"
	tagHub      = "Hub"
)

// Options are what can be set about the API.
type Options struct {
	// Events is what /api/events streams. Streams end when it is closed, which a
	// server that shuts down has to do, since it waits for them. Nil stands for one
	// that has no events.
	Events *eventlog.Log
	// Log is told of requests, with level debug, and of failures of the hub itself,
	// as errors. Nil logs nothing.
	Log *slog.Logger
	// MaxPayload is that of the hub; 1 MiB unless set. Bodies that are much larger are
	// not read.
	MaxPayload int
	// Hosts are names, without ports, by which callers may address the API besides
	// localhost.
	Hosts []string
	// Origins are those of web pages that may use the API, such as https://ops.example.com.
	// Each has to pass [CheckOrigin].
	Origins []string
	// Tokens returns those that callers have to have one of. Nil lets everybody do
	// everything.
	Tokens func() *bearer.Tokens
	// Audit is told who has changed what, and who was refused; nil is not.
	Audit *audit.Log
}

type api struct {
	huma.API
	hub     Hub
	events  *eventlog.Log
	streams chan struct{} // a place for each stream of events
	bodies  *bodies
	tokens  func() *bearer.Tokens
	audit   *audit.Log
	log     *slog.Logger
}

// NewHandler returns the API of hub.
func NewHandler(hub Hub, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = link.DefaultMaxPayload
	}
	if o.Events == nil {
		o.Events = eventlog.New(func() uint64 { return 0 })
	}
	config := huma.DefaultConfig("QUIC Backbone", "1.0.0")
	config.Info.Description = "Drive a hub: see its clients, send them messages."
	// What huma would add: a page that loads scripts from elsewhere, and links to
	// a schema in every response. The document is served below, encoded once.
	config.DocsPath, config.SchemasPath, config.OpenAPIPath, config.CreateHooks = "", "", "", nil
	config.Tags = []*huma.Tag{{Name: tagClients}, {Name: tagMessages}, {Name: tagHub}}
	config.Transformers = []huma.Transformer{explainer{config.Components.Schemas}.explain}
	config.Formats = map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()}

	mux := http.NewServeMux()
	a := &api{
		API: humago.New(mux, config), hub: hub,
		events: o.Events, streams: make(chan struct{}, maxStreams), bodies: newBodies(o.MaxPayload),
		tokens: o.Tokens, audit: o.Audit, log: o.Log,
	}
	a.addHealth()
	a.addClients()
	a.addQlog()
	a.addMessages()
	a.addEvents()
	a.describeTokens()
	a.addDocument(mux)
	addDocs(mux)

	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(denyCrossOrigin))
	for _, origin := range o.Origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			panic("not passed by CheckOrigin: " + err.Error())
		}
	}
	return a.logged(onlyFor(o.Hosts, shared(o.Origins, protection.Handler(a.authorized(traced(withSlash(withProblems(mux))))))))
}

func (a *api) addHealth() {
	type health struct {
		Status string `json:"status" enum:"ok"`
		Time   int64  `json:"time" example:"1767225600" doc:"The hub's clock, in Unix seconds."`
	}
	huma.Register(a, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/health", Tags: []string{tagHub},
		Summary: "Ask whether the hub is alive", Responses: a.problems(http.StatusInternalServerError),
	}, func(context.Context, *struct{}) (*reply[health], error) {
		return &reply[health]{health{Status: "ok", Time: time.Now().Unix()}}, nil
	})
}

// addDocument serves the description of all operations that were added before.
func (a *api) addDocument(mux *http.ServeMux) {
	schemas := a.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // explain turns it into a Problem
	delete(schemas, "ErrorDetail")
	document, err := json.Marshal(a.OpenAPI())
	if err != nil {
		panic("the description of the API cannot be encoded: " + err.Error())
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // fails when the caller is gone
	})
}

// reply is a response with a body and no headers of its own.
type reply[T any] struct{ Body T }

// logged logs each request.
func (a *api) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		a.log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", seen.status,
			"took", time.Since(begun), "remote", r.RemoteAddr)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
