// Package webhook answers messages with the program behind a URL: each message is
// posted there, and the body of the response is the result. So a handler can be
// written in any language.
//
//	h, err := webhook.New("https://handler.example/messages", webhook.Options{Secret: secret})
//	d.RegisterHandler(protocol.MessageType_MESSAGE_TYPE_COMMAND, h)
//
// # What is posted
//
// The payload as it is, with the id, type and sender of the message in headers;
// docs/http-api.md lists them. What a client chose is percent-encoded there as far
// as HTTP could not carry it, or would take it for something else. With a secret, a
// signature covers all that and the time.
//
// # What comes of it
//
// A status of 2xx is a success, and the body is the result. Any other is a failure,
// and its text has the status and the beginning of the body. Redirects are not
// followed: what is meant for one URL goes to no other.
//
// When there is no connection, or it breaks before there is an answer, or the
// status is 503, the message is posted again after a while, as long as the context
// of the handler allows. A receiver that must not do a thing twice looks at the id.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	// DefaultConcurrency is how many messages are posted at once.
	DefaultConcurrency = 32
	defaultMaxResult   = 1 << 20

	// connectTimeout lets a connection attempt that nobody answers be repeated.
	connectTimeout = 5 * time.Second
	idleTimeout    = 90 * time.Second
	maxHeaderBytes = 64 << 10 // of a response
)

// Options are what can be set about a [Handler]. The zero value is usable.
type Options struct {
	// Secret is the key of the signature. Without one nothing is signed.
	Secret []byte
	// Concurrency is how many messages are posted at once, those included that wait
	// to be posted again; default 32. A message beyond waits for its turn.
	Concurrency int
	// MaxResult limits the body of a response, in bytes; default 1 MiB. It should
	// not be over what the connection carries in one message.
	MaxResult int
	// Logger is told of each attempt that failed and is repeated, with level debug.
	// Nil logs nothing.
	Logger *slog.Logger
}

// Handler posts messages to a URL. Any number of messages can be handled at once.
type Handler struct {
	url       string
	secret    []byte
	maxResult int
	log       *slog.Logger
	http      *http.Client
	places    chan struct{} // one for each message that is being posted
}

// New returns a handler that posts to target, an http or https URL. An error has
// the code InvalidConfig, and does not repeat the URL, which may have a secret in it.
func New(target string, o Options) (*Handler, error) {
	u, err := url.Parse(target)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, qerrors.New(qerrors.InvalidConfig, "the URL of the webhook is not one: write it like https://host/path")
	case o.Concurrency < 0 || o.MaxResult < 0:
		return nil, qerrors.New(qerrors.InvalidConfig, "Concurrency and MaxResult of a webhook are not negative")
	}
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.MaxResult == 0 {
		o.MaxResult = defaultMaxResult
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{
		url: u.String(), secret: o.Secret, maxResult: o.MaxResult, log: o.Logger,
		http: newHTTPClient(o.Concurrency), places: make(chan struct{}, o.Concurrency),
	}, nil
}

func newHTTPClient(concurrency int) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			ForceAttemptHTTP2:      true, // which an own DialContext turns off otherwise
			MaxIdleConnsPerHost:    concurrency,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // a result is what the webhook wrote
		},
	}
}

// OnMessage posts msg and returns the answer. Errors have the code HandlerFailed,
// or are about the end of ctx.
func (h *Handler) OnMessage(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-ctx.Done():
		return nil, ended(ctx)
	}
	a := attempts{log: h.log, msgID: msg.GetMsgId()}
	response, err := h.post(ctx, msg, &a)
	if response != nil { // there can be both
		defer func() { _ = response.Body.Close() }()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case err != nil:
		return nil, qerrors.New(qerrors.HandlerFailed, "the webhook cannot be reached%s: %w", a.times(), reason(err))
	}
	return h.answer(ctx, response, a.times())
}

// post posts msg until there is an answer, or no time for another attempt.
func (h *Handler) post(ctx context.Context, msg *protocol.DataMessage, a *attempts) (*http.Response, error) {
	var body any // nil makes the request say that it has none; an empty one would leave it open
	if len(msg.GetPayload()) > 0 {
		body = msg.GetPayload()
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, h.url, body)
	if err != nil {
		return nil, err
	}
	h.describe(request.Header, msg)
	inTrace(ctx, request.Header)
	h.sign(request.Header, msg.GetPayload(), time.Now())
	client := retryablehttp.Client{
		HTTPClient: h.http, RetryMax: math.MaxInt, // ctx ends it
		CheckRetry: a.again, Backoff: a.pause,
		PrepareRetry: func(r *http.Request) error {
			r.Header = r.Header.Clone() // the attempt before may still be reading it
			h.sign(r.Header, msg.GetPayload(), time.Now())
			return nil
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return client.Do(request)
}

func ended(ctx context.Context) error {
	return fmt.Errorf("the webhook did not answer: %w", context.Cause(ctx))
}
