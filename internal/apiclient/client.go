// Package apiclient is a client of a hub's HTTP API, which package httpapi serves:
// the requests and answers are its types.
//
// Errors are those of package errors. What the hub refused has the hub's code. An
// error without an answer has the code Unreachable when no hub was there, or
// Incompatible if something else was; InvalidConfig when it was asked with TLS and has
// none, or the other way round; Timeout when no answer came in time; and
// Canceled when the context ended. That of a message also says whether it may have
// been sent.
package apiclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const (
	dialTimeout = 4 * time.Second // less than any limit of a call, so that its error says that nobody is there
	// patience is how long the hub may take for what it need not wait for itself.
	patience = 10 * time.Second
	// maxReply has room for the largest result, 64 MiB, however it is escaped.
	maxReply = 512 << 20
)

// Client is a client of one hub's API. It may be used from any goroutine.
type Client struct {
	base  *url.URL
	token string
	http  http.Client
}

// Options are what a hub may ask for.
type Options struct {
	Token    string // the bearer token; empty for none
	CA       []byte // PEM certificates to trust; nil stands for the system's
	Insecure bool   // trust any certificate
}

// New returns a client of the API at a URL such as http://localhost:8475, or an
// address as the hub's own -api takes it, localhost:8475 or :8475. It connects
// when it has to.
func New(api string, o Options) (*Client, error) {
	base, err := parse(api)
	if err != nil {
		return nil, err
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.Insecure}
	if o.CA != nil {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, qerrors.New(qerrors.InvalidConfig, "the CA of the API has no PEM certificate")
		}
	}
	return &Client{base: base, token: o.Token, http: http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout,
			TLSClientConfig:     trust,
			DisableCompression:  true, // it would hold up events
			ForceAttemptHTTP2:   true,
			IdleConnTimeout:     time.Minute,
		},
		// A redirected POST would become a GET: report it instead.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func parse(api string) (*url.URL, error) {
	text := api
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	base, err := url.Parse(text)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "the API cannot be at %q: write a URL such as http://localhost:8475", api)
	}
	if base.Hostname() == "" {
		base.Host = "localhost" + base.Host
	}
	return base, nil
}

// String returns where the API is, without a password.
func (c *Client) String() string { return c.base.Redacted() }

// Close closes the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is what goes to the hub. A body makes it a message.
type request struct {
	method string
	path   []string // behind /api, not yet escaped
	query  url.Values
	header http.Header
	body   any
	moved  func() // told when a piece of the body was taken; may be nil
}

// call makes a request and decodes the answer into out unless that is nil. It fails
// when nothing has moved for as long as limit: neither the body of the request, nor
// the answer. So a large message may take its time, and a hub that hangs may not.
func (c *Client) call(ctx context.Context, limit time.Duration, r request, out any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(limit, func() { cancel(c.silent(limit)) })
	defer late.Stop()
	r.moved = func() { late.Reset(limit) }
	response, err := c.open(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if out == nil {
		return nil
	}
	content, err := io.ReadAll(io.LimitReader(watched(response.Body, r.moved), maxReply))
	if err != nil {
		return c.failed(ctx, r, true, err)
	}
	if err := json.Unmarshal(content, out); err != nil {
		return r.outcome(true, c.strange("an answer that cannot be read: %w", err))
	}
	return nil
}

// open makes a request and returns the answer, which is a good one.
func (c *Client) open(ctx context.Context, r request) (*http.Response, error) {
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	out, err := r.build(ctx, c.base)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		out.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(out)
	if err != nil {
		return nil, c.failed(ctx, r, connected, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer func() { _ = response.Body.Close() }()
		return nil, c.refused(r, response)
	}
	return response, nil
}

func (r *request) build(ctx context.Context, base *url.URL) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false) // which can make a payload six times as long
		if err := encoder.Encode(r.body); err != nil {
			return nil, qerrors.New(qerrors.Internal, "the request cannot be encoded: %w", err)
		}
		body = bytes.NewReader(encoded.Bytes())
	}
	escaped := make([]string, 0, len(r.path)+1)
	for _, part := range append([]string{"api"}, r.path...) {
		escaped = append(escaped, escape(part))
	}
	where := base.JoinPath(escaped...)
	where.RawQuery = r.query.Encode()
	out, err := http.NewRequestWithContext(ctx, r.method, where.String(), body)
	if err != nil {
		return nil, qerrors.New(qerrors.Internal, "the request cannot be made: %w", err)
	}
	maps.Copy(out.Header, r.header)
	if body != nil {
		out.Header.Set("Content-Type", "application/json")
		out.Body = io.NopCloser(watched(out.Body, r.moved))
	}
	return out, nil
}

// watched returns r, and calls moved, unless that is nil, with each piece that is
// read of it.
func watched(r io.Reader, moved func()) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		n, err := r.Read(b)
		if n > 0 && moved != nil {
			moved()
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// escape makes text one segment of a path. Dots alone would lead elsewhere.
func escape(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}
