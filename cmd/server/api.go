package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// openAPI listens for the HTTP API; the result is nil if there is none. To try a
// second hub on this machine takes another -addr and no more: the default address
// of the API may be in use, that of -api may not.
func openAPI(cmd *cli.Command, log *slog.Logger) (net.Listener, error) {
	addr := cmd.String("api")
	if addr == "" {
		return nil, nil
	}
	listener, err := listenAPI(addr, log)
	if !cmd.IsSet("api") && errors.Is(err, qerrors.ErrAddressInUse) {
		log.Warn("HTTP API off", "reason", err)
		return nil, nil
	}
	return listener, err
}

// listenAPI listens on the address of -api.
func listenAPI(addr string, log *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, qerrors.New(qerrors.AddressInUse,
			"another process listens on %s: give the HTTP API another address with -api, or turn it off with -api=: %w", addr, err)
	case err != nil:
		return nil, qerrors.New(qerrors.BadAddress, "the HTTP API cannot listen on %q, the address of -api: %w", addr, err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		log.Warn("the HTTP API has no authentication, and other machines may reach it", "addr", tcp.String())
	}
	return listener, nil
}

// newAPI returns the HTTP API of hub for addr, the address of -api, whose host
// callers may use. It has no WriteTimeout: a request may wait long for an
// acknowledgement.
func newAPI(hub httpapi.Hub, addr string, log *slog.Logger) *http.Server {
	host, _, _ := net.SplitHostPort(addr) // listenAPI reports an address that is none
	return &http.Server{
		Handler:           httpapi.NewHandler(hub, log, host),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func serveAPI(api *http.Server, listener net.Listener) error {
	if err := api.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return qerrors.New(qerrors.Internal, "the HTTP API failed: %w", err)
	}
	return nil
}

// stopAPI lets the requests under way finish within ctx.
func stopAPI(ctx context.Context, api *http.Server) error {
	if err := api.Shutdown(ctx); err != nil {
		return errors.Join(qerrors.New(qerrors.Timeout, "requests to the HTTP API were cut off: %w", context.Cause(ctx)), api.Close())
	}
	return nil
}
