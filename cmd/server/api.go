package main

import (
	"log/slog"
	"net"
	"net/http"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/program"
)

// openAPI listens on the address of -api.
func openAPI(cmd *cli.Command, log *slog.Logger) (*program.HTTPServer, error) {
	return program.OpenHTTP(cmd, log, "api", "the HTTP API", "the HTTP API has no authentication, and other machines may reach it")
}

// newAPI returns the HTTP API of h. Callers may use the host of -api.
func newAPI(cmd *cli.Command, h *hub, log *slog.Logger) http.Handler {
	host, _, _ := net.SplitHostPort(cmd.String("api")) // openAPI reports an address that is none
	return httpapi.NewHandler(h, httpapi.Options{
		Events: h.events, Log: log, MaxPayload: cmd.Int("max-payload"), Hosts: []string{host},
	})
}
