package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/propagation"

	"github.com/voilet/QuicFlow/internal/hosts"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// withProblems gives the errors of mux itself, a path that does not exist and a
// method that it does not have, the form that all others have.
func withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refusal := &discardWriter{header: w.Header()}
		mux.ServeHTTP(refusal, r)
		switch refusal.status {
		case http.StatusNotFound:
			reject(w, refusal.status, "there is nothing at "+r.URL.Path+": see /openapi.json")
		case http.StatusMethodNotAllowed:
			reject(w, refusal.status, r.Method+" is not possible here: use "+w.Header().Get("Allow"))
		default: // a redirect to the clean form of the path
			w.WriteHeader(refusal.status)
		}
	})
}

// slash stands in a path for the id "/". No id has a control character in it.
const slash = "\x00"

// withSlash lets a mux find the client whose id is "/": it takes the segment %2F for
// the slash at the end of a path.
func withSlash(next http.Handler) http.Handler {
	const clients = "/api/clients/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), clients)
		id, _, _ := strings.Cut(rest, "/")
		if ok && strings.EqualFold(id, "%2F") {
			moved, where := *r, *r.URL
			where.Path, where.RawPath = clients+slash+rest[len(id):], ""
			moved.URL = &where
			r = &moved
		}
		next.ServeHTTP(w, r)
	})
}

// traced makes what a request causes part of the trace that it names, if it does.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func denyCrossOrigin(w http.ResponseWriter, _ *http.Request) {
	reject(w, http.StatusForbidden, "a web page of another origin may not use this API")
}

// onlyFor refuses requests to names that are not of this API.
func onlyFor(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := hosts.Allowed(r, names...); !ok {
			reject(w, http.StatusMisdirectedRequest, "this API does not answer to the name "+strconv.Quote(name)+
				": use its IP address or localhost, or start the hub with that name in the address of its API")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// reject answers a request that has nothing to do with a message.
func reject(w http.ResponseWriter, status int, detail string) {
	writeProblem(w, newProblem(status, qerrors.InvalidArgument, detail))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	maps.Copy(w.Header(), p.GetHeaders())
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails when the caller is gone
}

// discardWriter keeps the status and the headers of a response.
type discardWriter struct {
	header http.Header
	status int
}

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) WriteHeader(status int)      { w.status = status }
func (w *discardWriter) Write(b []byte) (int, error) { return len(b), nil }
