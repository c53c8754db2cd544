package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// jobEnv makes the test binary a hub or a client, which has this job. So it has the race
// detector whenever the tests have it.
const jobEnv = "CHAOS_JOB"

// job is what one process is to do: send the load once there is a connection, say "all
// have an outcome", and at SIGTERM end in order and print its journal.
type job struct {
	Hub             bool
	Addr            string // to listen on, or to connect to
	Certs           string
	Load            load
	Aloud           bool          // it says at once what it has handled, because it will not end in order
	Idle, Heartbeat time.Duration // zero is the default
}

// said is what a process prints at its end, behind saidMark.
type said struct {
	Journal    *journal
	Reconnects uint64
}

const (
	saidMark    = "history: "
	handledMark = "handled "
)

func work(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	end := j.client
	if j.Hub {
		end = j.hub
	}
	s := said{Journal: newJournal()}
	err := end(ctx, &s)
	if err == nil {
		fmt.Print(saidMark)
		err = json.NewEncoder(os.Stdout).Encode(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (j job) hub(ctx context.Context, s *said) error {
	connected := make(chan struct{}, 1)
	hub, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: filepath.Join(j.Certs, certs.ServerCertFile), TLSKeyFile: filepath.Join(j.Certs, certs.ServerKeyFile),
		MaxIdleTimeout: j.Idle, Logger: monitoring.NewLogger(monitoring.LogLevelInfo, "text"),
		Hooks: &monitoring.EventHooks{OnConnect: func(string) {
			select {
			case connected <- struct{}{}:
			default:
			}
		}},
	})
	if err != nil {
		return err
	}
	if j.Aloud {
		s.Journal.aloud = os.Stdout
	}
	hub.SetDispatcher(s.Journal.dispatcher())
	if err := hub.Start(j.Addr); err != nil {
		return err
	}
	select {
	case <-connected:
		s.Journal.run(j.Load, func(ctx context.Context, m *protocol.DataMessage, waitAck bool, timeout time.Duration) (*protocol.AckMessage, error) {
			return hub.SendMessage(ctx, clientID, m, waitAck, timeout)
		})
		fmt.Println("all have an outcome")
		<-ctx.Done()
	case <-ctx.Done():
	}
	return stop(hub.Stop)
}

func (j job) client(ctx context.Context, s *said) error {
	c, err := client.NewClient(&client.ClientConfig{
		ClientID: clientID, TLSCAFile: filepath.Join(j.Certs, certs.CACertFile), ReconnectEnabled: true,
		MaxIdleTimeout: j.Idle, HeartbeatInterval: j.Heartbeat, MaxBackoff: 2 * time.Second,
		Logger: monitoring.NewLogger(monitoring.LogLevelInfo, "text"),
	})
	if err != nil {
		return err
	}
	c.SetDispatcher(s.Journal.dispatcher())
	if err := c.Connect(j.Addr); err != nil {
		return err
	}
	for c.State() != client.StateConnected && ctx.Err() == nil { // a first attempt may fail
		time.Sleep(10 * time.Millisecond)
	}
	s.Journal.run(j.Load, c.SendMessage)
	fmt.Println("all have an outcome")
	<-ctx.Done()
	err = stop(c.Close)
	s.Reconnects = c.GetMetrics().Reconnects
	return err
}

// stop ends a hub or client, whose peer may be gone already.
func stop(end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := end(ctx); err != nil && !errors.Is(err, qerrors.ErrConnectionLost) {
		return err
	}
	return nil
}
