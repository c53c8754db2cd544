package apiclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// silent is the error of a hub that has not answered for as long as limit.
func (c *Client) silent(limit time.Duration) error {
	return qerrors.New(qerrors.Timeout, "%s did not answer within %v", c, limit)
}

// strange is the error of an answer that no hub gives.
func (c *Client) strange(format string, args ...any) error {
	return qerrors.New(qerrors.Incompatible, "%s gave %w: is there another program? Correct -api or QUIC_API", c, fmt.Errorf(format, args...))
}

// scheme is the error of an API that is asked with TLS and has none, or the other way
// round: the request has not reached it.
func (c *Client) scheme(r request, has, use string) error {
	right := *c.base
	right.Scheme = use
	return r.outcome(false, qerrors.New(qerrors.InvalidConfig, "%s: the server there %s: use %s with -api or QUIC_API", c, has, right.Redacted()))
}

// failed turns the error of a request that was not answered into one of ours.
func (c *Client) failed(ctx context.Context, r request, connected bool, err error) error {
	var known *qerrors.Error
	var wrapped *url.Error
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats the URL
	}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return c.scheme(r, "has no TLS", "http")
	case ctx.Err() != nil && errors.As(context.Cause(ctx), &known):
	case ctx.Err() != nil:
		known = qerrors.FromContext(ctx)
	case errors.As(err, &untrusted):
		known = qerrors.New(qerrors.BadCertificate, "the certificate of %s is not trusted: name the CA that signed it with -api-ca, and use a name that it has: %w", c, untrusted.Err)
	case connected:
		known = qerrors.New(qerrors.Unreachable, "the connection to %s was lost: %w", c, err)
	default:
		known = qerrors.New(qerrors.Unreachable, "no hub answers at %s: %w: start quic-server there, or correct -api or QUIC_API", c, err)
	}
	return r.outcome(connected, known)
}

// outcome marks the error of a message that was not answered.
func (r *request) outcome(connected bool, err error) error {
	switch {
	case r.body == nil:
		return err
	case connected:
		return qerrors.Unknown(err)
	default:
		return qerrors.NotSent(err)
	}
}

// wantsTLS reports whether an answer is that of a server to a request without TLS: that
// of Go's says "Client sent an HTTP request to an HTTPS server", those of proxies the like.
func wantsTLS(response *http.Response) bool {
	if response.StatusCode != http.StatusBadRequest {
		return false
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096)) // what there is of it
	return bytes.Contains(text, []byte("HTTPS"))
}

// refused turns an answer that says no into an error.
func (c *Client) refused(r request, response *http.Response) error {
	var p httpapi.Problem
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case kind == p.ContentType(""):
	case c.base.Scheme == "http" && wantsTLS(response):
		return c.scheme(r, "has TLS", "https")
	case response.StatusCode >= http.StatusInternalServerError:
		return r.outcome(true, qerrors.New(qerrors.Unreachable, "what is in front of the hub at %s answers %q: see that the hub runs", c, response.Status))
	default:
		return r.outcome(true, c.strange("the answer %q, which no hub gives", response.Status))
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&p); err != nil {
		return r.outcome(true, c.strange("an answer that cannot be read: %w", err))
	}
	code, ok := qerrors.ParseCode(p.Code)
	if !ok {
		p.Detail = p.Code + ": " + p.Detail // a newer hub's
	}
	e := qerrors.New(code, "%s", p.Detail)
	e.Remote = code == qerrors.InvalidConfig // the hub's configuration, not the caller's
	switch p.Outcome {
	case "not_sent":
		e.Outcome = qerrors.OutcomeNotSent
	case "unknown":
		e.Outcome = qerrors.OutcomeUnknown
	}
	return e
}
