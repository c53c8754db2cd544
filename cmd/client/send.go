package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// send sends the message of -send, and with -wait-ack prints the result. The
// client has no handlers: it acknowledges nothing that nobody would see.
func send(ctx context.Context, cmd *cli.Command, log *slog.Logger) error {
	msg, err := message(ctx, cmd)
	if err != nil {
		return err
	}
	traces, err := program.NewTraces(ctx, cmd, cmd.String("id"), log)
	if err != nil {
		return err
	}
	defer traces.Shutdown(settings.SecondSignal(ctx))
	ctx = program.WithTraceParent(ctx)
	lost := make(chan error, 1)
	c, err := newClient(cmd, log, &monitoring.EventHooks{OnDisconnect: func(_ string, err error) {
		if err != nil {
			select {
			case lost <- err:
			default: // one reason will do
			}
		}
	}}, traces.TracerProvider())
	if err != nil {
		return err
	}
	addr, timeout := cmd.String("server"), cmd.Duration("timeout")
	ctx, cancel := context.WithTimeoutCause(ctx, timeout,
		qerrors.New(qerrors.Timeout, "no answer from %s within %v", addr, timeout))
	defer cancel()
	if err := connect(ctx, c, addr, func() error { return c.Close(ctx) }); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return qerrors.New(qerrors.Unreachable, "no answer from %s within %v: check the address, that the hub runs, and that UDP is let through", addr, timeout)
		}
		return err
	}
	if cmd.Bool("wait-ack") {
		return ask(ctx, c, msg, cmd.Root().Writer)
	}
	if err := tell(ctx, c, msg, lost); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.Root().Writer, "delivered to %s\n", addr)
	return err
}

// tell sends msg. When it returns nil, the hub has handled it: the message is only
// queued at first, and an orderly end of the connection lets it arrive.
func tell(ctx context.Context, c *client.Client, msg *protocol.DataMessage, lost <-chan error) error {
	_, err := c.SendMessage(ctx, msg, false, 0)
	closed := c.Close(ctx)
	if err != nil {
		return err
	}
	if closed == nil {
		select {
		case closed = <-lost:
		default:
		}
	} else if ctx.Err() != nil {
		closed = context.Cause(ctx)
	}
	return qerrors.Unknown(closed)
}

// ask sends msg and prints the result of its acknowledgement.
func ask(ctx context.Context, c *client.Client, msg *protocol.DataMessage, w io.Writer) error {
	ack, err := c.SendMessage(ctx, msg, true, 0)
	switch {
	case err != nil:
	case ack.Status == protocol.AckStatus_ACK_STATUS_SUCCESS:
		err = console.WriteBytes(w, ack.Result)
	case ack.Status == protocol.AckStatus_ACK_STATUS_TIMEOUT: // whether our clock says so first is chance
		err = qerrors.Unknown(qerrors.New(qerrors.Timeout, "%s", ack.Error))
	default:
		err = &qerrors.Error{Code: qerrors.Code(ack.Code), Message: ack.Error, Remote: true}
	}
	_ = c.Close(ctx) // whatever becomes of the connection, the answer is here
	return err
}

func message(ctx context.Context, cmd *cli.Command) (*protocol.DataMessage, error) {
	t, err := parseType(cmd.String("type"))
	if err != nil {
		return nil, err
	}
	payload := []byte(cmd.String("send"))
	if string(payload) == "-" {
		limit := cmd.Int("max-payload")
		payload, err = console.ReadAll(ctx, cmd.Root().Reader, limit)
		switch {
		case err != nil:
			return nil, err
		case len(payload) > limit:
			return nil, qerrors.New(qerrors.PayloadTooLarge, "stdin has more than the %d bytes of -max-payload", limit)
		}
	}
	return &protocol.DataMessage{Type: t, Payload: payload}, nil
}

func parseType(name string) (protocol.MessageType, error) {
	t, ok := protocol.ParseMessageType(name)
	if !ok {
		return 0, qerrors.New(qerrors.InvalidConfig, "type is %q: use command, event or query", name)
	}
	return t, nil
}
