package link

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/pkg/callback"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// describe sets the attributes of the span of an operation on m. There is no client
// if it is for all.
func describe(span trace.Span, m *protocol.DataMessage, kind, clientID string, operation ...attribute.KeyValue) {
	attributes := append(operation,
		semconv.MessagingSystemKey.String("quic_backbone"),
		semconv.MessagingDestinationName(kind),
		semconv.MessagingMessageID(utf8Text(m.MsgId)),
		semconv.MessagingMessageBodySize(len(m.Payload)),
	)
	if clientID != "" {
		attributes = append(attributes, semconv.MessagingClientID(utf8Text(clientID)))
	}
	span.SetAttributes(attributes...)
}

// utf8Text makes text fit for a span: one that is not UTF-8 would keep all others
// from being exported with it.
func utf8Text(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// processing is a message of the peer whose processing is recorded, until it is
// answered.
type processing struct {
	link   *Link
	span   trace.Span
	handle string
}

var _ dispatcher.Wrapper = (*processing)(nil)

// Wrap puts a span around the handler: what that does with its context is below it.
func (p *processing) Wrap(next dispatcher.Handler) dispatcher.Handler {
	return dispatcher.HandlerFunc(func(ctx context.Context, m *protocol.DataMessage) (*protocol.DataMessage, error) {
		ctx, span := p.link.cfg.tracer.Start(ctx, p.handle)
		returned := false
		defer func() {
			if !returned { // what it panicked with is in the acknowledgement, and so in the span around
				fail(span, qerrors.HandlerPanic, "the handler did not return")
			}
			span.End()
		}()
		result, err := next.OnMessage(ctx, m)
		if err != nil {
			fail(span, qerrors.HandlerFailed, err.Error())
		}
		returned = true
		return result, err
	})
}

// Respond ends the span before the link is told, which may be all that a drain, and
// then the end of the traces, waits for.
func (p *processing) Respond(o dispatcher.Outcome) {
	p.link.limitResult(o.Ack)
	endSpan(p.span, o.Ack, nil)
	p.link.Respond(o)
}

// onDone returns what ends span with a promise.
func onDone(span trace.Span) callback.OnDone {
	if span == nil {
		return nil
	}
	return func(_ *callback.Promise, ack *protocol.AckMessage, err error, _ time.Time) { endSpan(span, ack, err) }
}

// endSpan ends a span, unless it is nil, with what became of the message.
func endSpan(span trace.Span, ack *protocol.AckMessage, err error) {
	switch {
	case span == nil:
		return
	case err != nil:
		fail(span, qerrors.CodeOf(err), err.Error())
	case ack != nil && ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS:
		fail(span, qerrors.Code(ack.Code), ack.Error)
	}
	span.End()
}

// maxStatus limits what a span says about a failure, in bytes: many spans wait to be
// exported, and the text may be a peer's.
const maxStatus = 1 << 10

func fail(span trace.Span, code qerrors.Code, text string) {
	reason := semconv.ErrorTypeOther // for the codes that a peer has made up
	if code.Valid() && code != qerrors.OK {
		reason = semconv.ErrorTypeKey.String(code.String())
	}
	span.SetAttributes(reason)
	span.SetStatus(codes.Error, utf8Text(text[:min(len(text), maxStatus)]))
}

// Offered ends the span of a broadcast: of the clients, so many were left out, or
// err kept it from being offered to all.
func (p *Parcel) Offered(clients, leftOut int, err error) {
	if p.span == nil {
		return
	}
	p.span.SetAttributes(attribute.Int("quic_backbone.broadcast.clients", clients), attribute.Int("quic_backbone.broadcast.left_out", leftOut))
	if err == nil && leftOut > 0 {
		fail(p.span, qerrors.OK, // for one reason or several
			fmt.Sprintf("%d of %d clients were left out", leftOut, clients))
	}
	endSpan(p.span, nil, err)
}
