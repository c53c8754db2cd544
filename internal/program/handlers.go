package program

import (
	"context"
	"log/slog"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/execute"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

const (
	command  = protocol.MessageType_MESSAGE_TYPE_COMMAND
	event    = protocol.MessageType_MESSAGE_TYPE_EVENT
	query    = protocol.MessageType_MESSAGE_TYPE_QUERY
	response = protocol.MessageType_MESSAGE_TYPE_RESPONSE
)

// NewDispatcher returns a dispatcher that acknowledges each message with an empty
// result, or answers commands and queries with the program of -handler, or all
// with the webhook of -webhook. It logs failures, and with level debug each message.
func NewDispatcher(cmd *cli.Command, log *slog.Logger) (*dispatcher.Dispatcher, error) {
	h, err := newWebhook(cmd, log)
	if err != nil {
		return nil, err
	}
	d := dispatcher.NewDispatcher(&dispatcher.Config{
		Workers:   workers(cmd),
		QueueSize: cmd.Int("queue-size"),
		Timeout:   cmd.Duration("handler-timeout"),
		Logger:    log,
	})
	d.Use(logged(log))
	for _, t := range []protocol.MessageType{command, event, query, response} {
		d.RegisterHandler(t, h)
	}
	if cmdline := cmd.String("handler"); cmdline != "" {
		h, err := execute.New(cmdline, execute.Options{MaxResult: cmd.Int("max-payload")})
		if err != nil {
			return nil, err
		}
		d.RegisterHandler(command, h)
		d.RegisterHandler(query, h)
	}
	return d, nil
}

func acknowledge(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
	return nil, nil
}

// maxPreview is how much of a payload the log shows, in bytes.
const maxPreview = 256

// logged logs each message before its handler runs, with the beginning of its
// payload, which may be confidential: for who asked for all there is. It warns of
// failures, of which only the sender would know otherwise. The handlers of this
// package leave the message as it is.
func logged(log *slog.Logger) dispatcher.Middleware {
	return func(next dispatcher.Handler) dispatcher.Handler {
		return dispatcher.HandlerFunc(func(ctx context.Context, msg *protocol.DataMessage) (*protocol.DataMessage, error) {
			if log.Enabled(ctx, slog.LevelDebug) {
				log.LogAttrs(ctx, slog.LevelDebug, "message received", append(describe(ctx, msg), preview(msg))...)
			}
			result, err := next.OnMessage(ctx, msg)
			if err != nil {
				log.LogAttrs(ctx, slog.LevelWarn, "handler failed",
					append(describe(ctx, msg), slog.Any("code", dispatcher.FailureCode(ctx, err)), slog.Any("error", err))...)
			}
			return result, err
		})
	}
}

func describe(ctx context.Context, msg *protocol.DataMessage) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("msg_id", msg.GetMsgId()),
		slog.String("type", msg.GetType().Name()),
		slog.Int("bytes", len(msg.GetPayload())),
	}
	if sender := msg.GetSenderId(); sender != "" { // the hub has none
		attrs = append(attrs, slog.String("client_id", sender))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		attrs = append(attrs, slog.String("trace_id", span.TraceID().String()))
	}
	return attrs
}

func preview(msg *protocol.DataMessage) slog.Attr {
	payload := msg.GetPayload()
	return slog.String("payload", string(payload[:min(len(payload), maxPreview)]))
}
