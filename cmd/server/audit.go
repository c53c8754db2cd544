package main

import (
	"log/slog"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/audit"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func openAudit(cmd *cli.Command, log *slog.Logger) (*audit.Log, error) {
	return audit.Open(audit.Options{
		Path: cmd.String("audit-log"), MaxSize: cmd.Int("audit-log-size"), Keep: cmd.Int("audit-log-keep"), Log: log,
	})
}

// admission writes down what became of a client.
func (h *hub) admission(a server.Admission) {
	r := audit.Record{Event: audit.Admitted, ClientID: a.ClientID, Session: a.SessionID, Method: a.Method, Remote: a.RemoteAddr}
	switch {
	case a.Ended:
		r.Event = audit.Ended
	case a.Err != nil:
		r.Event = audit.Refused
	}
	if a.Err != nil {
		r.Code, r.Reason = qerrors.CodeOf(a.Err), a.Err.Error()
	}
	h.audit.Add(r)
}
