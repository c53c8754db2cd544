package apiclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const (
	largestPage = 1000 // that the API gives
	// defaultTimeout is how long the API waits for a message that does not say.
	defaultTimeout = 30 * time.Second
	// answerTime is how long the API may take to say that the time is over.
	answerTime = 5 * time.Second
)

// List returns the connected clients whose ids begin with prefix, sorted by id: at
// most limit, or all if limit is 0.
func (c *Client) List(ctx context.Context, prefix string, limit int) (httpapi.ClientPage, error) {
	all := httpapi.ClientPage{Clients: []httpapi.Client{}}
	for {
		size := largestPage
		if limit > 0 {
			size = min(size, limit-len(all.Clients))
		}
		query := url.Values{"limit": {strconv.Itoa(size)}}
		for name, value := range map[string]string{"prefix": prefix, "cursor": all.NextCursor} {
			if value != "" {
				query.Set(name, value)
			}
		}
		var page httpapi.ClientPage
		if err := c.call(ctx, patience, request{method: http.MethodGet, path: []string{"clients"}, query: query}, &page); err != nil {
			return httpapi.ClientPage{}, err
		}
		if page.NextCursor != "" && page.NextCursor <= all.NextCursor {
			return httpapi.ClientPage{}, c.strange("a list without an end")
		}
		all.Total, all.NextCursor, all.Clients = page.Total, page.NextCursor, append(all.Clients, page.Clients...)
		if page.NextCursor == "" || limit > 0 && len(all.Clients) >= limit {
			return all, nil
		}
	}
}

// Client returns what the hub knows of one client.
func (c *Client) Client(ctx context.Context, id string) (httpapi.ClientDetail, error) {
	var client httpapi.ClientDetail
	err := c.one(ctx, http.MethodGet, id, &client)
	return client, err
}

// Disconnect closes the connection of one client.
func (c *Client) Disconnect(ctx context.Context, id string) error {
	return c.one(ctx, http.MethodDelete, id, nil)
}

// StartQlog begins a trace of the connection of one client.
func (c *Client) StartQlog(ctx context.Context, id string) (httpapi.Qlog, error) {
	var trace httpapi.Qlog
	err := c.one(ctx, http.MethodPut, id, &trace, "qlog")
	return trace, err
}

// StopQlog ends it.
func (c *Client) StopQlog(ctx context.Context, id string) error {
	return c.one(ctx, http.MethodDelete, id, nil, "qlog")
}

// one is a call about one client, or about what is below it.
func (c *Client) one(ctx context.Context, method, id string, out any, below ...string) error {
	if id == "" { // it would be the list of all
		return qerrors.New(qerrors.InvalidClientID, "the client id is empty")
	}
	return c.call(ctx, patience, request{method: method, path: append([]string{"clients", id}, below...)}, out)
}

// Send sends a message to one client. A reply that is no success has the client's
// reason in its Ack.
func (c *Client) Send(ctx context.Context, message httpapi.SendRequest) (httpapi.SendReply, error) {
	timeout := time.Duration(message.TimeoutMS) * time.Millisecond
	if timeout == 0 {
		timeout = defaultTimeout
	}
	var reply httpapi.SendReply
	err := c.post(ctx, timeout+answerTime, "send", message, &reply)
	if err == nil && reply.Ack == nil && (message.WaitAck || !reply.Success) {
		err = qerrors.Unknown(c.strange("an answer without an acknowledgement"))
	}
	return reply, err
}

// Broadcast sends a message to all connected clients.
func (c *Client) Broadcast(ctx context.Context, message httpapi.BroadcastRequest) (httpapi.BroadcastReply, error) {
	var reply httpapi.BroadcastReply
	err := c.post(ctx, patience, "broadcast", message, &reply)
	return reply, err
}

// post sends a message. The limit is that of call.
func (c *Client) post(ctx context.Context, limit time.Duration, what string, body, out any) error {
	return c.call(ctx, limit, request{method: http.MethodPost, path: []string{what}, body: body}, out)
}
