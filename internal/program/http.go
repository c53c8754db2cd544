package program

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// HTTPServer is an HTTP server of a program, on the address of a flag. One whose
// flag is empty is nil, and does nothing.
type HTTPServer struct {
	what     string
	log      *slog.Logger
	listener net.Listener
	server   http.Server
}

// OpenHTTP listens on the address of -flag, for what is to be served there. When
// the address is in use and nobody has set it, the program does without: to try a
// second one on a machine should not take other addresses for what it does not
// need. exposed, if not empty, is logged where other machines may reach it.
func OpenHTTP(cmd *cli.Command, log *slog.Logger, flag, what, exposed string) (*HTTPServer, error) {
	addr := cmd.String(flag)
	if addr == "" {
		return nil, nil
	}
	listener, err := listen(addr, flag, what)
	switch {
	case errors.Is(err, qerrors.ErrAddressInUse) && !cmd.IsSet(flag):
		log.Warn(what+" off", "code", qerrors.CodeOf(err), "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && exposed != "" && !tcp.IP.IsLoopback() {
		log.Warn(exposed, "addr", tcp.String())
	}
	return &HTTPServer{what: what, log: log, listener: listener, server: http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          monitoring.NewErrorLog(log, slog.LevelWarn, what),
	}}, nil
}

func listen(addr, flag, what string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, qerrors.New(qerrors.AddressInUse,
			"another process listens on %s: give %s another address with -%s, or turn it off with -%s=: %w", addr, what, flag, flag, err)
	default:
		return nil, qerrors.New(qerrors.BadAddress, "%s cannot listen on %q, the address of -%s: %w", what, addr, flag, err)
	}
}

// Serve answers requests with h until Stop or Close. It has no WriteTimeout, since
// a request may wait long for what it asked for.
func (s *HTTPServer) Serve(h http.Handler) error {
	if s == nil {
		return nil
	}
	s.server.Handler = h
	s.log.Info(s.what+" listening", "addr", s.listener.Addr().String())
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return qerrors.New(qerrors.Internal, "%s failed: %w", s.what, err)
	}
	return nil
}

// Stop lets the requests under way finish within ctx.
func (s *HTTPServer) Stop(ctx context.Context) error {
	if s == nil {
		return nil
	}
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(qerrors.New(qerrors.Timeout, "requests to %s were cut off: %w", s.what, context.Cause(ctx)), s.server.Close())
	}
	return nil
}

// Close ends it at once, also if it was never served.
func (s *HTTPServer) Close() error {
	if s == nil {
		return nil
	}
	err := s.server.Close()
	if closed := s.listener.Close(); !errors.Is(closed, net.ErrClosed) { // by the server, if it has begun
		err = errors.Join(err, closed)
	}
	return err
}
