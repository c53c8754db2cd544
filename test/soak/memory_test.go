package soak

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// echoEnv makes the test binary a hub that answers with the payload.
const echoEnv = "SOAK_ECHO_CERTS"

func echo() int {
	dir := os.Getenv(echoEnv)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	hub, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: filepath.Join(dir, certs.ServerCertFile), TLSKeyFile: filepath.Join(dir, certs.ServerKeyFile),
		Logger: monitoring.NewLogger(monitoring.LogLevelInfo, "text"),
	})
	if err == nil {
		hub.SetDispatcher(testnet.Echo())
		err = hub.Start("127.0.0.1:0")
	}
	if err == nil {
		<-ctx.Done()
		err = hub.Stop(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestMemoryLimit has a hub that may use 48 MiB get more than that at once: all of it is
// answered, and then a small message is.
func TestMemoryLimit(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), echoEnv+"="+built.certs, "GOMEMLIMIT=48MiB", "GORACE=atexit_sleep_ms=0")
	hub := testprocess.Start(t, cmd)
	addr := hub.Addr("msg=listening")
	const conns, inFlight, size = 4, 16, 1 << 20
	var clients []*client.Client
	for i := range conns {
		clients = append(clients, connect(t, addr, fmt.Sprint(i)))
	}
	var wg sync.WaitGroup
	end := time.Now().Add(long())
	for i := range conns * inFlight {
		wg.Go(func() {
			for first := true; first || time.Now().Before(end); first = false {
				ack, err := clients[i/inFlight].SendMessage(context.Background(), testnet.Command(string(make([]byte, size))), true, 10*time.Minute)
				if err != nil || len(ack.GetResult()) != size {
					t.Errorf("%v %q, %d bytes, %v", ack.GetStatus(), ack.GetError(), len(ack.GetResult()), err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := clients[0].SendMessage(t.Context(), testnet.Command("x"), true, patience); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	for _, c := range clients {
		if n := c.GetMetrics().Reconnects; n > 0 {
			t.Errorf("a client had to reconnect %d times", n)
		}
	}
}

// connect returns a client of a hub of another process.
func connect(t *testing.T, addr, id string) *client.Client {
	t.Helper()
	c, err := client.NewClient(&client.ClientConfig{ClientID: id, TLSCAFile: filepath.Join(built.certs, certs.CACertFile), ReconnectEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}
