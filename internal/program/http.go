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
// need. Where other machines can reach it, access has to ask for tokens.
func OpenHTTP(cmd *cli.Command, log *slog.Logger, flag, what string, access *Access) (*HTTPServer, error) {
	addr := cmd.String(flag)
	if addr == "" {
		return nil, nil
	}
	listener, err := listen(addr, flag, what)
	switch {
	case errors.Is(err, qerrors.ErrAddressInUse) && !cmd.IsSet(flag):
		log.Warn(what+" off: what answers there belongs to the other process, perhaps another hub", "code", qerrors.CodeOf(err), "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := access.check(listener.Addr(), flag, what); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &HTTPServer{what: what, log: log, listener: listener, server: http.Server{
		TLSConfig:         access.config(),
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes,
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
		return nil, qerrors.New(qerrors.BadAddress, "%s cannot listen on %q: give -%s an address of this machine: %w", what, addr, flag, err)
	}
}

// maxHeaderBytes is what the headers of a request may have: names and values of what
// these servers look at, and what proxies add.
const maxHeaderBytes = 32 << 10

// Serve answers requests with h until Stop or Close. It has no WriteTimeout, since
// a request may wait long for what it asked for.
func (s *HTTPServer) Serve(h http.Handler) error {
	if s == nil {
		return nil
	}
	s.server.Handler = h
	s.log.Info(s.what+" listening", "addr", s.listener.Addr().String())
	serve := s.server.Serve
	if s.server.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.server.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
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
