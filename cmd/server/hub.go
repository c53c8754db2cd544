package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/audit"
	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/quicnet"
	"github.com/voilet/QuicFlow/internal/tracing"
	"github.com/voilet/QuicFlow/pkg/policy"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// hub is the server with its HTTP API, which start and stop together, and what
// shows how they are, which is there before and after them.
type hub struct {
	*server.Server
	events       *eventlog.Log
	api, monitor *program.HTTPServer
	traces       *tracing.Exporter
	access       *program.Access
	audit        *audit.Log

	anyone bool // clients need no credentials

	wg      sync.WaitGroup
	unwatch context.CancelFunc // ends what keeps the files of access up to date
	failed  chan error         // what ended by itself, and why
}

func newHub(cmd *cli.Command, traces *tracing.Exporter, log *slog.Logger) (_ *hub, err error) {
	h := &hub{traces: traces}
	if h.access, err = program.NewAccess(cmd, log, "api"); err != nil {
		return nil, err
	}
	h.events = eventlog.New(func() uint64 { return h.Traffic().MessagesReceived })
	c := config(cmd, h.events.Hooks(), log, traces.TracerProvider())
	if c.Authenticators, err = authenticators(cmd); err != nil {
		return nil, err
	}
	if c.Enroller, err = enroller(cmd); err != nil {
		return nil, err
	}
	if path := cmd.String("policy"); path != "" {
		if c.Authorizer, err = policy.Open(path); err != nil {
			return nil, err
		}
	}
	if h.audit, err = openAudit(cmd, log); err != nil {
		return nil, err
	}
	if h.audit != nil {
		c.Admissions = h.admission
	}
	if h.Server, err = server.NewServer(c); err != nil {
		return nil, errors.Join(program.InFlags(cmd, err), h.audit.Close(answerTime))
	}
	h.anyone = len(c.Authenticators) == 0
	h.audit.Register(h.Registry())
	return h, nil
}

// start opens all sockets before it serves on any, so that an address in use is
// found before the first client is there.
func (h *hub) start(cmd *cli.Command, log *slog.Logger) (err error) {
	socket, err := quicnet.ListenUDP(cmd.String("addr")) // first: without it the others do not matter
	if err != nil {
		return errors.Join(err, h.audit.Close(answerTime))
	}
	h.failed = make(chan error, 3)
	watching, unwatch := context.WithCancel(context.Background())
	h.unwatch = unwatch
	defer func() {
		if err != nil {
			unwatch()
			_ = socket.Close() // unless the server has
			err = errors.Join(err, h.api.Close(), h.monitor.Close(), h.audit.Close(answerTime))
			h.wg.Wait()
		}
	}()
	if h.monitor, err = program.OpenMonitor(cmd, log, h.access); err != nil {
		return err
	}
	if h.api, err = openAPI(cmd, log, h.access); err != nil {
		return err
	}
	h.wg.Go(func() { h.access.Watch(watching, h.Reloads()) })
	h.serve(h.monitor, program.NewMonitor(cmd, log, h.Registry(), h.Ready, h.access))
	if err = h.StartOn(socket); err != nil {
		return err
	}
	h.wg.Go(func() { h.failed <- h.Wait() })
	if h.anyone {
		log.Warn("clients are not authenticated: whoever reaches the port can be any client, also one that is connected; give -client-ca, -token-file or -jwt-key")
	}
	h.serve(h.api, newAPI(cmd, h, log))
	return nil
}

// Reread looks at all files that are read again when they change.
func (h *hub) Reread() {
	h.Server.Reread()
	h.access.Reread(h.Reloads())
}

// serve answers requests until the HTTP server is stopped; it is a failure if that
// was not asked for.
func (h *hub) serve(s *program.HTTPServer, handler http.Handler) {
	if s != nil {
		h.wg.Go(func() { h.failed <- s.Serve(handler) })
	}
}

// answerTime is how long requests to the API may take for their answers after the
// hub has drained: they wait for nothing any more.
const answerTime = time.Second

// stop drains the server. Until that is done its API answers, new messages with 503,
// and how it goes can be watched, in the stream of events too.
func (h *hub) stop(ctx context.Context) error {
	err := h.Stop(ctx)
	h.events.Close()
	answered, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	apiErr := h.api.Stop(answered)
	monitorErr := h.monitor.Close()
	h.unwatch()
	h.wg.Wait()
	h.traces.Shutdown(ctx)
	return errors.Join(err, apiErr, monitorErr, h.audit.Close(answerTime))
}
