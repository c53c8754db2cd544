package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestAddresses(t *testing.T) {
	for _, api := range []string{
		"", "ftp://localhost", "http://", "http:///x", "localhost:x", "http://local host", "http://localhost:8475/?a=b", "http://localhost/#x", "://", "unix:///run/x",
	} {
		if _, err := apiclient.New(api, apiclient.Options{}); !errors.Is(err, qerrors.ErrInvalidConfig) {
			t.Errorf("%q: %v, want an error with the code InvalidConfig", api, err)
		}
	}
}

// TestPlaces: the API is found by all that may stand for its address.
func TestPlaces(t *testing.T) {
	var hub testhub.Hub
	handler := httpapi.NewHandler(&hub, httpapi.Options{})
	prefixed := httptest.NewServer(http.StripPrefix("/hubs/1", handler))
	t.Cleanup(prefixed.Close)
	_, port, _ := net.SplitHostPort(prefixed.Listener.Addr().String())
	for _, api := range []string{prefixed.URL + "/hubs/1", prefixed.URL + "/hubs/1/", "localhost:" + port + "/hubs/1", ":" + port + "/hubs/1"} {
		if _, err := newClient(t, api).List(t.Context(), "", 0); err != nil {
			t.Errorf("%s: %v", api, err)
		}
	}
}

// TestWhatIsNoHub: each error says what is wrong, and whether a message was sent.
func TestWhatIsNoHub(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const problem = "application/problem+json"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		code    qerrors.Code
		words   string
	}{
		"no reason":       {answer(200, "application/json", `{"success":false,"clients":1}`), qerrors.Incompatible, ""},
		"page":            {answer(200, "text/html", "<html>"), qerrors.Incompatible, "cannot be read"},
		"not found":       {answer(404, "text/html", "<html>"), qerrors.Incompatible, `"404 Not Found", which no hub gives`},
		"redirect":        {answer(301, "text/html", ""), qerrors.Incompatible, "301"},
		"gateway":         {answer(502, "text/html", "<html>"), qerrors.Unreachable, "502"},
		"cut":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, qerrors.Unreachable, "was lost"},
		"broken problem":  {answer(404, problem, "{"), qerrors.Incompatible, "cannot be read"},
		"problem of then": {answer(418, problem, `{"code":"out_of_coffee","detail":"buy some"}`), qerrors.Internal, "out_of_coffee: buy some"},
	} {
		t.Run(name, func(t *testing.T) {
			api := httptest.NewServer(test.handler)
			t.Cleanup(api.Close)
			c := newClient(t, api.URL)
			_, err := c.List(t.Context(), "", 0)
			if qerrors.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.words) || errors.Is(err, qerrors.ErrOutcomeUnknown) {
				t.Errorf("listing: %v", err)
			}
			_, err = c.Send(t.Context(), httpapi.SendRequest{ClientID: "a"})
			if qerrors.CodeOf(err) != test.code || name != "problem of then" && !errors.Is(err, qerrors.ErrOutcomeUnknown) {
				t.Errorf("sending: %v", err)
			}
		})
	}
}

// TestWrongScheme: the error says which one to use, and that nothing was sent.
func TestWrongScheme(t *testing.T) {
	var hub testhub.Hub
	handler := httpapi.NewHandler(&hub, httpapi.Options{})
	plain, secure := httptest.NewServer(handler), httptest.NewUnstartedServer(handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	for use, api := range map[string]string{
		plain.URL:  strings.Replace(plain.URL, "http:", "https:", 1),
		secure.URL: strings.Replace(secure.URL, "https:", "http:", 1),
	} {
		_, err := newClient(t, api).Send(t.Context(), httpapi.SendRequest{ClientID: "a"})
		if !errors.Is(err, qerrors.ErrInvalidConfig) || !errors.Is(err, qerrors.ErrNotSent) || !strings.Contains(err.Error(), "use "+use+" with -api") {
			t.Errorf("%s: %v, want that it is to be %s", api, err, use)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	c := newClient(t, listener.Addr().String())
	_, err = c.Send(t.Context(), httpapi.SendRequest{ClientID: "a"})
	if !errors.Is(err, qerrors.ErrUnreachable) || !errors.Is(err, qerrors.ErrNotSent) || !strings.Contains(err.Error(), "QUIC_API") {
		t.Errorf("sending: %v", err)
	}
	if err := c.Disconnect(t.Context(), "a"); !errors.Is(err, qerrors.ErrUnreachable) || errors.Is(err, qerrors.ErrNotSent) {
		t.Errorf("disconnecting: %v", err)
	}
}

// TestErrorsOfTheHub: they come with the hub's code, words and outcome.
func TestErrorsOfTheHub(t *testing.T) {
	for _, want := range []*qerrors.Error{
		{Code: qerrors.Timeout, Message: "no answer", Outcome: qerrors.OutcomeUnknown},
		{Code: qerrors.UnknownClient, Message: "who is a?", Outcome: qerrors.OutcomeNotSent},
		{Code: qerrors.QueueFull, Message: "full"},
	} {
		var hub testhub.Hub
		hub.OnSend = func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
			return nil, want
		}
		_, err := newClient(t, testhub.Serve(t, &hub)).Send(t.Context(), httpapi.SendRequest{ClientID: "a", WaitAck: true})
		var got *qerrors.Error
		if !errors.As(err, &got) || *got != *want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// TestCalledOff: a caller that gives up is told so at once, and what is known.
func TestCalledOff(t *testing.T) {
	var hub testhub.Hub
	ctx, cancel := context.WithCancelCause(t.Context())
	hub.OnSend = func(ctx context.Context, _ string, _ *protocol.DataMessage, _ bool, _ time.Duration) (*protocol.AckMessage, error) {
		cancel(errors.New("lunch"))
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := newClient(t, testhub.Serve(t, &hub)).Send(ctx, httpapi.SendRequest{ClientID: "a", WaitAck: true})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, qerrors.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "lunch") {
		t.Errorf("error %v", err)
	}
}
