package httpapi

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/voilet/QuicFlow/internal/audit"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// SendRequest asks for a message to be sent to one client.
type SendRequest struct {
	Content
	ClientID  string            `json:"client_id" minLength:"1" maxLength:"128" example:"client-001" doc:"The client to send to."`
	Type      string            `json:"type,omitempty" enum:"command,event,query" default:"command" doc:"Which of its handlers gets it."`
	Headers   map[string]string `json:"headers,omitempty" doc:"At most 64, with 16 KiB in all."`
	WaitAck   bool              `json:"wait_ack,omitempty" example:"true" doc:"Wait until the client's handler has answered."`
	TimeoutMS int64             `json:"timeout_ms,omitempty" minimum:"0" maximum:"3600000" doc:"How long to wait, for the acknowledgement or for room in the client's queue, in milliseconds; 0 stands for 30 s."`
}

type sendInput struct{ Body SendRequest }

// SendReply says what became of a message.
type SendReply struct {
	Success bool   `json:"success" example:"true" doc:"It was queued or, with wait_ack, handled without an error."`
	MsgID   string `json:"msg_id" example:"01997f3a-6c1e-7d42-9b7c-5a1f0e4d2b18" doc:"As in the logs of both sides."`
	Message string `json:"message" example:"handled by client-001" doc:"The same for people."`
	Ack     *Ack   `json:"ack,omitempty" doc:"The client's answer, if wait_ack was set."`
}

// Ack is the acknowledgement of a client.
type Ack struct {
	Status       string `json:"status" enum:"SUCCESS,FAILURE"`
	Code         string `json:"code,omitempty" doc:"Why it failed, for programs, such as handler_failed."`
	Result       string `json:"result" example:"done" doc:"What the handler returned, if that is UTF-8."`
	ResultBase64 []byte `json:"result_base64,omitempty" doc:"What the handler returned, in base64, if that is not UTF-8."`
	Error        string `json:"error" example:"" doc:"Why it failed, for people."`
}

// Bytes returns what the handler returned.
func (a *Ack) Bytes() []byte {
	if a.ResultBase64 != nil {
		return a.ResultBase64
	}
	return []byte(a.Result)
}

// BroadcastRequest asks for a message to be sent to all clients.
type BroadcastRequest struct {
	Content
	Type    string            `json:"type,omitempty" enum:"command,event,query" default:"event" doc:"Which of their handlers gets it."`
	Headers map[string]string `json:"headers,omitempty" doc:"At most 64, with 16 KiB in all."`
}

type broadcastInput struct{ Body BroadcastRequest }

// BroadcastReply says how far a broadcast got.
type BroadcastReply struct {
	Success      bool              `json:"success" example:"true" doc:"No client was left out."`
	MsgID        string            `json:"msg_id" example:"01997f3a-6c1e-7d42-9b7c-5a1f0e4d2b18" doc:"As in the logs of both sides."`
	Total        int               `json:"total" example:"3" doc:"Clients that were connected."`
	SuccessCount int               `json:"success_count" example:"3" doc:"Of these, the message was queued for so many."`
	FailedCount  int               `json:"failed_count" example:"0" doc:"And so many were left out: failed says why each."`
	Failed       map[string]string `json:"failed,omitempty" doc:"The code of what went wrong, by client id."`
}

func (a *api) addMessages() {
	statuses := []int{
		http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	huma.Register(a, huma.Operation{
		OperationID: "send", Method: http.MethodPost, Path: "/api/send", Tags: []string{tagMessages},
		Summary:      "Send a message to one client",
		MaxBodyBytes: a.bodies.largest + 1, BodyReadTimeout: bodyTimeout,
		Middlewares: huma.Middlewares{a.bodies.bound},
		Responses: a.problems(append(statuses, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusGatewayTimeout)...),
	}, a.send)
	huma.Register(a, huma.Operation{
		OperationID: "broadcast", Method: http.MethodPost, Path: "/api/broadcast", Tags: []string{tagMessages},
		Summary:      "Send a message to all clients",
		Description:  "It waits for none: a client whose queue is full, or that takes no payload of this size, is left out. Nobody acknowledges.",
		MaxBodyBytes: a.bodies.largest + 1, BodyReadTimeout: bodyTimeout,
		Middlewares: huma.Middlewares{a.bodies.bound},
		Responses:   a.problems(statuses...),
	}, a.broadcast)
}

// newMessage returns a message with an id, which the caller is told even when the
// message fails.
func newMessage(ctx context.Context, kind string, content *Content, headers map[string]string) (*protocol.DataMessage, error) {
	payload, err := content.take()
	decoded(ctx)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, qerrors.New(qerrors.Internal, "no random bytes for a message id: %w", err)
	}
	t, _ := protocol.ParseMessageType(kind) // huma has checked it
	return &protocol.DataMessage{MsgId: id.String(), Type: t, Payload: payload, Headers: headers}, nil
}

func (a *api) send(ctx context.Context, in *sendInput) (*reply[SendReply], error) {
	body := &in.Body
	msg, err := newMessage(ctx, body.Type, &body.Content, body.Headers)
	if err != nil {
		return nil, a.failure(err, "")
	}
	timeout := time.Duration(body.TimeoutMS) * time.Millisecond
	ack, err := a.hub.SendMessage(ctx, body.ClientID, msg, body.WaitAck, timeout)
	record := audit.Record{Event: audit.Send, ClientID: body.ClientID}
	if ack.GetStatus() != protocol.AckStatus_ACK_STATUS_SUCCESS && ack != nil {
		record.Code = qerrors.Code(ack.Code)
	}
	a.noteMessage(ctx, record, msg, len(msg.Payload), err)
	if err != nil {
		return nil, a.failure(err, msg.MsgId)
	}
	out := SendReply{Success: true, MsgID: msg.MsgId}
	switch {
	case ack == nil:
		out.Message = "queued for " + body.ClientID
	case ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS:
		out.Message, out.Ack = "handled by "+body.ClientID, newAck("SUCCESS", ack)
	case ack.Status == protocol.AckStatus_ACK_STATUS_TIMEOUT:
		// Whether the client's clock ends the wait or the hub's is chance: both are
		// the same to the caller.
		return nil, a.failure(qerrors.Unknown(qerrors.New(qerrors.Timeout, "%s", ack.Error)), msg.MsgId)
	default:
		out.Success, out.Message, out.Ack = false, "not handled by "+body.ClientID+": "+ack.Error, newAck("FAILURE", ack)
	}
	return &reply[SendReply]{out}, nil
}

func newAck(status string, ack *protocol.AckMessage) *Ack {
	out := &Ack{Status: status, Error: ack.Error}
	if ack.Code != 0 {
		out.Code = qerrors.Code(ack.Code).String()
	}
	if utf8.Valid(ack.Result) {
		out.Result = string(ack.Result)
	} else {
		out.ResultBase64 = ack.Result
	}
	return out
}

func (a *api) broadcast(ctx context.Context, in *broadcastInput) (*reply[BroadcastReply], error) {
	body := &in.Body
	msg, err := newMessage(ctx, body.Type, &body.Content, body.Headers)
	if err != nil {
		return nil, a.failure(err, "")
	}
	result, err := a.hub.Broadcast(ctx, msg)
	failed := len(result.Failed)
	a.noteMessage(ctx, audit.Record{Event: audit.Broadcast, Total: &result.Total, Failed: &failed}, msg, len(msg.Payload), err)
	if err != nil {
		return nil, a.failure(err, msg.MsgId)
	}
	out := BroadcastReply{
		Success: len(result.Failed) == 0, MsgID: msg.MsgId,
		Total: result.Total, SuccessCount: result.Delivered, FailedCount: len(result.Failed),
	}
	if len(result.Failed) > 0 {
		out.Failed = make(map[string]string, len(result.Failed))
	}
	for clientID, err := range result.Failed {
		out.Failed[clientID] = qerrors.CodeOf(err).String()
	}
	return &reply[BroadcastReply]{out}, nil
}
