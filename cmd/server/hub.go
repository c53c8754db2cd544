package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// hub is the server and its HTTP API, which start and stop together.
type hub struct {
	*server.Server
	api *http.Server

	wg     sync.WaitGroup
	failed chan error // what ended by itself, and why
}

// start opens both sockets before it serves on either, so that an address in use
// is found before the first client is there.
func (h *hub) start(cmd *cli.Command, log *slog.Logger) error {
	listener, err := openAPI(cmd, log)
	if err != nil {
		return err
	}
	if err := h.Start(cmd.String("addr")); err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	h.failed = make(chan error, 2)
	h.wg.Go(func() { h.failed <- h.Wait() })
	if listener != nil {
		log.Info("HTTP API listening", "addr", listener.Addr().String())
		h.wg.Go(func() { h.failed <- serveAPI(h.api, listener) })
	}
	return nil
}

// stop stops both at the same time: requests to the API end when the messages
// that they wait for are acknowledged.
func (h *hub) stop(ctx context.Context) error {
	var apiErr error
	h.wg.Go(func() { apiErr = stopAPI(ctx, h.api) })
	err := h.Stop(ctx)
	h.wg.Wait()
	return errors.Join(err, apiErr)
}
