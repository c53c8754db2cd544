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
func openAPI(cmd *cli.Command, log *slog.Logger, access *program.Access) (*program.HTTPServer, error) {
	return program.OpenHTTP(cmd, log, "api", "the HTTP API", access)
}

// newAPI returns the HTTP API of h. Callers may use the host of -api, and the names of its
// certificate.
func newAPI(cmd *cli.Command, h *hub, log *slog.Logger) http.Handler {
	host, _, _ := net.SplitHostPort(cmd.String("api")) // openAPI reports an address that is none
	return httpapi.NewHandler(h, httpapi.Options{
		Events: h.events, Log: log, MaxPayload: cmd.Int("max-payload"), Hosts: append(h.access.Names(), host),
		Origins: cmd.StringSlice("api-origin"), Tokens: h.access.Tokens(), Audit: h.audit,
	})
}
