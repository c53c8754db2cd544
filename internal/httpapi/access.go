package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/voilet/QuicFlow/internal/audit"
	"github.com/voilet/QuicFlow/internal/bearer"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// open reports whether a path is for everybody: whether the hub is alive, and how its
// API is to be used, which says nothing about this hub.
func open(requested string) bool {
	switch requested {
	case "/", "/health", "/openapi.json", "/docs":
		return true
	default:
		return strings.HasPrefix(requested, "/docs/") && requested == path.Clean(requested)
	}
}

// describeTokens says in the description which operations need a token.
func (a *api) describeTokens() {
	if a.tokens == nil {
		return
	}
	a.OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	for path, item := range a.OpenAPI().Paths {
		for _, operation := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if operation == nil || open(path) {
				continue
			}
			operation.Security = []map[string][]string{{"token": {}}}
			maps.Copy(operation.Responses, a.problems(http.StatusUnauthorized, http.StatusForbidden))
		}
	}
}

// authorized refuses requests without a token that allows them, before anything of
// their bodies is read.
func (a *api) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := caller{remote: r.RemoteAddr}
		if a.tokens != nil && !open(r.URL.Path) {
			who, ok := a.tokens().Caller(r)
			needed := bearer.Admin
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				needed = bearer.Read
			}
			by.name = who.Name
			if !ok || who.Scope < needed {
				a.deny(w, r, by, ok)
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, by)))
	})
}

func (a *api) deny(w http.ResponseWriter, r *http.Request, by caller, authenticated bool) {
	p := newProblem(http.StatusUnauthorized, qerrors.Unauthenticated,
		"this API needs a token that the hub knows: send it as Authorization: Bearer TOKEN; quic-ctl takes -api-token-file")
	if authenticated {
		p = newProblem(http.StatusForbidden, qerrors.PermissionDenied, "the token of "+by.name+" may only read: use one with the scope admin")
	}
	if r.Method == http.MethodPost {
		p.Outcome = notSent
	}
	w.Header().Set("WWW-Authenticate", bearer.Challenge(authenticated))
	writeProblem(w, p)
	code, _ := qerrors.ParseCode(p.Code)
	a.log.Warn("a request was refused", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "code", code)
	by.add(a.audit, audit.Record{Event: audit.Denied, Code: code, Request: r.Method + " " + r.URL.Path[:min(len(r.URL.Path), maxPath)]})
}

// maxPath is how much of a path is written down.
const maxPath = 256

// caller is who makes a request.
type caller struct {
	name   string // of the token; empty without one
	remote string
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	by, _ := ctx.Value(callerKey{}).(caller)
	return by
}

func (c caller) add(log *audit.Log, r audit.Record) {
	r.Caller, r.Remote = c.name, c.remote
	log.Add(r)
}

// note writes down what a request did to a client.
func (a *api) note(ctx context.Context, event audit.Event, clientID string, err error) {
	callerOf(ctx).add(a.audit, audit.Record{Event: event, ClientID: clientID, Code: qerrors.CodeOf(err), Reason: reason(err)})
}

// noteMessage writes down that a message was sent, or not, and nothing of what is in it.
func (a *api) noteMessage(ctx context.Context, r audit.Record, msg *protocol.DataMessage, size int, err error) {
	r.MsgID, r.Type, r.Bytes = msg.MsgId, msg.Type.Name(), &size
	if err != nil {
		r.Code, r.Reason = qerrors.CodeOf(err), reason(err)
	}
	callerOf(ctx).add(a.audit, r)
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// CheckOrigin returns an error unless text is the origin of web pages.
func CheckOrigin(text string) error {
	if http.NewCrossOriginProtection().AddTrustedOrigin(text) != nil {
		return errors.New("write an origin like https://ops.example.com, without a path")
	}
	return nil
}

// shared lets web pages of these origins use the API (CORS). A browser asks first
// whether it may send a token.
func shared(origins []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if len(origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		if slices.Contains(origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
				w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, Traceparent, Tracestate")
				w.Header().Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
