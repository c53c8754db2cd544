package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/eventlog"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
)

// virtual is an API for events whose connections are pipes, which hold nothing, so
// that it can be tested in virtual time.
type virtual struct {
	events *eventlog.Log
	server *http.Server
	client *http.Client
}

func newVirtual(t *testing.T) *virtual {
	v := &virtual{events: eventlog.New(func() uint64 { return 0 })}
	p := pipes{make(chan net.Conn), make(chan struct{})}
	v.client = &http.Client{Transport: &http.Transport{DialContext: p.dial}}
	v.server = &http.Server{Handler: httpapi.NewHandler(&testhub.Hub{}, httpapi.Options{Events: v.events})}
	served := make(chan error)
	go func() { served <- v.server.Serve(p) }()
	t.Cleanup(func() {
		v.client.CloseIdleConnections()
		v.events.Close()
		_ = v.server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return v
}

func (v *virtual) follow(t *testing.T, query string) *follower {
	return follow(t, v.client, "http://localhost/api/events"+query, "")
}

// pipes is a listener.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		f := v.follow(t, "")
		begun := time.Now()
		for i := range 4 {
			if comment := f.comment(); comment != ": nothing new" || time.Since(begun) != time.Duration(i+1)*15*time.Second {
				t.Errorf("after %v there is %q", time.Since(begun), comment)
			}
		}
		v.events.Hooks().OnConnect("a")
		if e := f.next(); e.name != "connect" || time.Since(begun) != time.Minute {
			t.Errorf("after %v there is %+v", time.Since(begun), e)
		}
	})
}

// TestCallerLeaves: nothing is left of a stream then, though nothing happens.
func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		f := v.follow(t, "?types=message")
		f.leave()
		synctest.Wait()
		time.Sleep(time.Minute) // messages are recorded so long for the next reader
		synctest.Wait()
		if v.events.Hooks().PerMessage.Load() {
			t.Error("the stream still has its reader")
		}
	})
}

// TestStuckCaller: who does not read is cut off, and others do not notice.
func TestStuckCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		stuck, other := v.follow(t, ""), v.follow(t, "")
		v.events.Hooks().OnConnect("a")
		for range 3 {
			v.events.Hooks().OnDisconnect("a", nil)
		}
		if e := other.next(); e.name != "connect" {
			t.Errorf("the other gets %+v", e)
		}
		time.Sleep(11 * time.Second)
		if _, err := io.Copy(io.Discard, stuck.body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the stuck one is told %v", err)
		}
		if e := other.next(); e.name != "disconnect" {
			t.Errorf("the other gets %+v", e)
		}
	})
}

// TestShutdown does not wait for streams once the log is closed, and those that are
// read end in order.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t)
		f, stuck := v.follow(t, ""), v.follow(t, "?types=disconnect")
		stopped, last := make(chan error), make(chan string)
		go func() { stopped <- v.server.Shutdown(t.Context()) }()
		go func() {
			name := ""
			for e := f.next(); e != nil; e = f.next() {
				name = e.name
			}
			last <- name
		}()
		go func() {
			for range 5 {
				stuck.comment()
			}
		}()
		time.Sleep(80 * time.Second) // as long as the hub drains
		v.events.Hooks().OnDisconnect("a", nil)
		v.events.Close()
		begun := time.Now()
		if name := <-last; name != "disconnect" || time.Since(begun) > 0 {
			t.Errorf("after %v a stream ended with %q", time.Since(begun), name)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		// It looks twice a second whether connections are idle.
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("Shutdown took %v longer than the log was open", took)
		}
	})
}
