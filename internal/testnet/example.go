package testnet

import (
	"context"
	"os"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// Certificates makes a folder with certificates, named as scripts/gen-certs.sh names
// them, for an example, which has no test to make them for. It panics when it cannot.
func Certificates() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "quic-certs-")
	if err == nil {
		_, err = certs.Create(certs.Options{Dir: dir})
	}
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

// RunningHub starts a hub on the loopback interface for an example of something else. It
// panics when it cannot.
func RunningHub(d *dispatcher.Dispatcher) (addr, caFile string, stop func()) {
	dir, remove := Certificates()
	hub, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: dir + "/" + certs.ServerCertFile, TLSKeyFile: dir + "/" + certs.ServerKeyFile,
	})
	if err == nil {
		hub.SetDispatcher(d)
		err = hub.Start("127.0.0.1:0")
	}
	if err != nil {
		panic(err)
	}
	return hub.Addr().String(), dir + "/" + certs.CACertFile, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = hub.Stop(ctx)
		remove()
	}
}
