package quicnet_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/quicnet"
	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// pair is both ends of a connection.
type pair struct {
	*testing.T
	hub, client *quicnet.Conn
	ended       chan quicnet.QlogEnd
}

// connect returns a connection whose end at the hub can be traced.
func connect(t *testing.T, traceable bool) *pair {
	dir := create(t)
	serverAuth, err := quicnet.LoadServerAuth(dir+"/server.crt", dir+"/server.key")
	if err != nil {
		t.Fatal(err)
	}
	clientAuth, err := quicnet.LoadClientAuth(quicnet.ClientFiles{CA: dir + "/ca.crt"})
	if err != nil {
		t.Fatal(err)
	}
	hubs, err := quicnet.ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := quicnet.ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	of := limits
	of.Traceable = traceable
	listener, err := quicnet.Listen(hubs, serverAuth, of, nil)
	if err != nil {
		t.Fatal(err)
	}
	socket := quicnet.NewSocket(clients)
	t.Cleanup(func() {
		if err := errors.Join(socket.Close(), listener.Close()); err != nil {
			t.Error(err)
		}
	})
	p := &pair{T: t, ended: make(chan quicnet.QlogEnd, 1)}
	if p.client, err = socket.Dial(t.Context(), listener.Addr().String(), clientAuth, limits); err != nil {
		t.Fatal(err)
	}
	if p.hub, err = listener.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

const unlimited = 1 << 40

func (p *pair) start(file quicnet.QlogFile, maxBytes int64) (name string, err error) {
	return p.hub.StartQlog(p.Context(), func() (quicnet.QlogFile, error) { return file, nil }, maxBytes,
		func(end quicnet.QlogEnd) { p.ended <- end })
}

// exchange has the hub send n streams, each of which the client reads to its end.
func (p *pair) exchange(n int) {
	p.Helper()
	for range n {
		s, err := p.hub.Open(p.Context(), 0)
		if err != nil {
			p.Fatal(err)
		}
		if _, err := s.Write([]byte("x")); err != nil {
			p.Fatal(err)
		}
		if err := s.Close(); err != nil {
			p.Fatal(err)
		}
		r, err := p.client.Accept(p.Context())
		if err != nil {
			p.Fatal(err)
		}
		for err == nil {
			_, err = r.Read(make([]byte, 8))
		}
	}
}

// pipe returns both ends of a pipe: a file that is not written while nobody reads.
func pipe(t *testing.T) (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// TestQlogOnADiskThatHangs: the connection goes on, and the trace says that events
// are missing.
func TestQlogOnADiskThatHangs(t *testing.T) {
	p := connect(t, true)
	r, w := pipe(t)
	if _, err := p.start(w, unlimited); err != nil {
		t.Fatal(err)
	}
	p.exchange(5000) // each has several events, many more than may wait
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.hub.StopQlog(ended); !errors.Is(err, qerrors.ErrTimeout) {
		t.Errorf("stopped, with a file that cannot be written: %v", err)
	}
	var text []byte
	for b := make([]byte, 1<<16); ; {
		n, err := r.Read(b)
		text = append(text, b[:n]...)
		if err != nil {
			break
		}
	}
	end := <-p.ended
	q := testnet.ParseQlog(t, text)
	if end.Err != nil || end.Lost == 0 || uint64(len(q.Events)-q.Count("transport:events_lost")) != end.Events {
		t.Errorf("ended with %+v, and %d events in the file", end, len(q.Events))
	}
	last := q.Events[len(q.Events)-1]
	if last.Name != "transport:events_lost" || !strings.Contains(last.Data.Message, "events are missing here") {
		t.Errorf("the file ends with %+v", last)
	}
	if err := p.hub.StopQlog(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestQlogOnADiskThatFails: the trace ends by itself, and the connection goes on and
// can be traced again.
func TestQlogOnADiskThatFails(t *testing.T) {
	p := connect(t, true)
	r, w := pipe(t)
	if _, err := p.start(w, unlimited); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	p.exchange(1)
	if end := <-p.ended; !errors.Is(end.Err, syscall.EPIPE) {
		t.Errorf("ended with %v", end.Err)
	}
	p.exchange(10)
	path := t.TempDir() + "/again"
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := p.start(file, unlimited); err != nil || name != path {
		t.Fatalf("started again: %s, %v", name, err)
	}
	p.exchange(10)
	if err := p.hub.StopQlog(t.Context()); err != nil {
		t.Error(err)
	}
	if end := <-p.ended; end.Err != nil || end.Events == 0 || end.Lost != 0 {
		t.Errorf("ended with %+v", end)
	}
	testnet.ReadQlog(t, path)
}

func TestQlogOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	p := connect(t, true)
	if _, err := p.start(full, unlimited); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("started: %v", err)
	}
	if _, err := full.Write(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file was not closed: %v", err)
	}
	p.exchange(1)
}

func TestQlogAtItsLargestSize(t *testing.T) {
	p := connect(t, true)
	file, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	const largest = 20_000
	if _, err := p.start(file, largest); err != nil {
		t.Fatal(err)
	}
	p.exchange(200)
	if end := <-p.ended; end.Err == nil || !strings.Contains(end.Err.Error(), "largest size") {
		t.Errorf("ended with %v", end.Err)
	}
	info, err := os.Stat(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > largest || info.Size() < largest-1000 {
		t.Errorf("the file has %d bytes", info.Size())
	}
	testnet.ReadQlog(t, file.Name()) // whose last record is whole
}

func TestQlogOfWhatCannotBeTraced(t *testing.T) {
	p := connect(t, false)
	none := func() (quicnet.QlogFile, error) { t.Error("a file was created"); return nil, os.ErrInvalid }
	if _, err := p.hub.StartQlog(t.Context(), none, unlimited, nil); !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Errorf("not traceable: %v", err)
	}
	if err := p.hub.StopQlog(t.Context()); err != nil {
		t.Error(err)
	}
	p = connect(t, true)
	p.client.Close(qerrors.OK, "done")
	<-p.hub.Context().Done()
	if _, err := p.hub.StartQlog(t.Context(), none, unlimited, nil); !errors.Is(err, qerrors.ErrNotConnected) {
		t.Errorf("ended: %v", err)
	}
}

// hangingFile is on a disk that takes nothing until it is released.
type hangingFile struct {
	*os.File
	release chan struct{}
}

func (f hangingFile) Write(b []byte) (int, error) {
	<-f.release
	return f.File.Write(b)
}

// TestQlogBegunOnADiskThatHangs: who asks for a trace does not hang with it, and gets
// it once the disk is back.
func TestQlogBegunOnADiskThatHangs(t *testing.T) {
	p := connect(t, true)
	file, err := os.Create(t.TempDir() + "/trace")
	if err != nil {
		t.Fatal(err)
	}
	hanging := hangingFile{file, make(chan struct{})}
	ctx, giveUp := context.WithCancel(t.Context())
	begin := func(ctx context.Context) (string, error) {
		return p.hub.StartQlog(ctx, func() (quicnet.QlogFile, error) {
			giveUp()
			return hanging, nil
		}, unlimited, func(end quicnet.QlogEnd) { p.ended <- end })
	}
	for range 2 { // the second waits for the first
		if _, err := begin(ctx); !errors.Is(err, qerrors.ErrTimeout) {
			t.Errorf("error %v", err)
		}
	}
	close(hanging.release)
	if name, err := begin(t.Context()); name != file.Name() || err != nil {
		t.Errorf("the trace is %q, %v", name, err)
	}
	if err := p.hub.StopQlog(t.Context()); err != nil {
		t.Error(err)
	}
	if end := <-p.ended; end.Err != nil {
		t.Error(end.Err)
	}
}
