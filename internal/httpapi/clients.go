package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/voilet/QuicFlow/internal/audit"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// Client is a connected client.
type Client struct {
	ClientID         string  `json:"client_id" example:"client-001" doc:"The name that it gave itself."`
	RemoteAddr       string  `json:"remote_addr" example:"192.0.2.7:52104" doc:"May change while it is connected."`
	ConnectedAt      int64   `json:"connected_at" example:"1767225600123" doc:"Unix milliseconds."`
	Uptime           string  `json:"uptime" example:"1h2m3s" doc:"Since connected_at, for people."`
	State            string  `json:"state" enum:"connected,silent" doc:"Silent when a heartbeat is overdue: nothing was heard for three quarters of -max-idle-timeout or -heartbeat-timeout, whichever is less; 22.5 s unless set."`
	LastHeartbeat    int64   `json:"last_heartbeat" example:"1767229320456" doc:"When anything was last heard of it, in Unix milliseconds."`
	RTTMillis        float64 `json:"rtt_ms" example:"24.5" doc:"Smoothed round-trip time of the connection, in milliseconds."`
	MessagesSent     uint64  `json:"messages_sent" example:"12" doc:"From the hub to the client, over this connection."`
	MessagesReceived uint64  `json:"messages_received" example:"340" doc:"From the client to the hub."`
	BytesSent        uint64  `json:"bytes_sent" example:"1536" doc:"Payloads of the messages sent."`
	BytesReceived    uint64  `json:"bytes_received" example:"43520" doc:"Payloads of the messages received."`
	SendFailures     uint64  `json:"send_failures" example:"1" doc:"Messages to the client whose acknowledgement was awaited, and said failure or did not come."`
	HandlerFailures  uint64  `json:"handler_failures" example:"3" doc:"Messages of the client that were answered with a failure."`
	PacketsLost      uint64  `json:"packets_lost" example:"5" doc:"QUIC packets sent to the client and declared lost; QUIC sends what was in them again."`
	MessagesDropped  uint64  `json:"messages_dropped" example:"2" doc:"Broadcasts that left the client out, since its queue was full or the payload over its limit."`
	QueuedBytes      int     `json:"queued_bytes" example:"4096" doc:"What waits to be sent to the client."`
}

// Ages returns for how long the client had been connected, and for how long it had
// been silent, when the hub told of it, to the second. The clock of who asks, which
// may be another, plays no part.
func (c *Client) Ages() (uptime, silence time.Duration) {
	uptime, _ = time.ParseDuration(c.Uptime) // the hub writes it so
	silence = uptime - time.Duration(c.LastHeartbeat-c.ConnectedAt)*time.Millisecond
	return uptime, max(0, silence)
}

// Failures returns how many messages in either direction were not answered with
// success.
func (c *Client) Failures() uint64 { return c.SendFailures + c.HandlerFailures }

// ClientDetail is all that the hub knows of a connected client.
type ClientDetail struct {
	Client
	SessionID string `json:"session_id" example:"U274N5EPUNIGRWGYVNXXFHC42K" doc:"Names this one connection in the logs of both sides."`
}

// ClientPage is a part of the list of clients.
type ClientPage struct {
	Total      int      `json:"total" example:"1" doc:"How many connected clients have the prefix, on all pages."`
	Clients    []Client `json:"clients" nullable:"false" doc:"Sorted by client_id."`
	NextCursor string   `json:"next_cursor,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

type listInput struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" example:"100" doc:"How many clients to return."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before: the id after which to go on."`
	Prefix string `query:"prefix" doc:"Only clients whose id begins with it."`
}

type clientInput struct {
	ID string `path:"id" example:"client-001" doc:"The client's id, percent-encoded where need be."`
}

// Resolve undoes what withSlash does. It implements [huma.Resolver].
func (in *clientInput) Resolve(huma.Context) []error {
	if in.ID == slash {
		in.ID = "/"
	}
	return nil
}

func (a *api) addClients() {
	huma.Register(a, huma.Operation{
		OperationID: "list-clients", Method: http.MethodGet, Path: "/api/clients", Tags: []string{tagClients},
		Summary:                      "List the connected clients",
		RejectUnknownQueryParameters: true,
		Responses:                    a.problems(http.StatusUnprocessableEntity, http.StatusInternalServerError),
	}, a.listClients)
	huma.Register(a, huma.Operation{
		OperationID: "get-client", Method: http.MethodGet, Path: "/api/clients/{id}", Tags: []string{tagClients},
		Summary:   "Look at one connected client",
		Responses: a.problems(http.StatusNotFound, http.StatusInternalServerError),
	}, a.getClient)
	huma.Register(a, huma.Operation{
		OperationID: "disconnect-client", Method: http.MethodDelete, Path: "/api/clients/{id}", Tags: []string{tagClients},
		Summary:     "Close the connection of a client",
		Description: "A client that reconnects by itself will be back after its backoff.",
		Responses:   a.problems(http.StatusNotFound, http.StatusInternalServerError),
	}, a.disconnectClient)
}

func (a *api) listClients(_ context.Context, in *listInput) (*reply[ClientPage], error) {
	// One more than asked for tells whether there is another page.
	page, total := a.hub.ClientPage(in.Prefix, in.Cursor, in.Limit+1)
	out := ClientPage{Total: total, Clients: make([]Client, 0, len(page))}
	if len(page) > in.Limit {
		page = page[:in.Limit]
		out.NextCursor = page[in.Limit-1].ClientID
	}
	for _, info := range page {
		out.Clients = append(out.Clients, newClient(info))
	}
	return &reply[ClientPage]{out}, nil
}

func newClient(info session.Info) Client {
	state := "connected"
	if info.Silent {
		state = "silent"
	}
	return Client{
		ClientID:         info.ClientID,
		RemoteAddr:       info.RemoteAddr,
		ConnectedAt:      info.ConnectedAt.UnixMilli(),
		Uptime:           time.Since(info.ConnectedAt).Truncate(time.Second).String(),
		State:            state,
		LastHeartbeat:    info.LastSeen.UnixMilli(),
		RTTMillis:        float64(info.RTT.Microseconds()) / 1000,
		MessagesSent:     info.MessagesSent,
		MessagesReceived: info.MessagesReceived,
		BytesSent:        info.BytesSent,
		BytesReceived:    info.BytesReceived,
		SendFailures:     info.SendFailures,
		HandlerFailures:  info.HandlerFailures,
		PacketsLost:      info.PacketsLost,
		MessagesDropped:  info.Dropped,
		QueuedBytes:      info.QueuedBytes,
	}
}

func (a *api) getClient(_ context.Context, in *clientInput) (*reply[ClientDetail], error) {
	info, ok := a.hub.Client(in.ID)
	if !ok {
		return nil, a.failure(qerrors.New(qerrors.UnknownClient, "no client %q is connected", in.ID), "")
	}
	return &reply[ClientDetail]{ClientDetail{Client: newClient(info), SessionID: info.SessionID}}, nil
}

func (a *api) disconnectClient(ctx context.Context, in *clientInput) (*struct{}, error) {
	err := a.hub.Disconnect(in.ID, "disconnected by the hub's operator")
	a.note(ctx, audit.Disconnect, in.ID, err)
	if err != nil {
		return nil, a.failure(err, "")
	}
	return nil, nil
}
