package quicnet

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// trace is the qlog of one connection. quic-go asks for it when the connection is
// made, and tells it everything from then on; it forgets all of that until
// somebody wants to have it in a file.
type trace struct {
	client    bool                      // this side is
	id        quic.ConnectionID         // the first that the client chose, which names the connection in traces
	recording atomic.Pointer[recording] // nil while nobody wants it
	ended     atomic.Bool               // the connection has
	starting  chan struct{}             // has the one call that starts a recording
}

func newTrace(_ context.Context, client bool, id quic.ConnectionID) qlogwriter.Trace {
	return &trace{client: client, id: id, starting: make(chan struct{}, 1)}
}

// AddProducer is called once, by the connection.
func (t *trace) AddProducer() qlogwriter.Recorder { return t }

// RecordEvent is called for each packet, whether anybody wants it or not.
func (t *trace) RecordEvent(e qlogwriter.Event) {
	if r := t.recording.Load(); r != nil {
		r.add(e)
	}
}

// Close is called by the connection at its end. It waits for nothing.
func (t *trace) Close() error {
	t.ended.Store(true)
	if r := t.recording.Load(); r != nil {
		r.halt()
	}
	return nil
}

// StartQlog writes what happens on the connection from now on to the file that
// create returns, until StopQlog or the end of the connection, until the file
// cannot be written, or has maxBytes. Then ended is called, once. When it is being
// written already, that goes on. It returns the file's name.
//
// When ctx ends before the disk has taken the beginning of the file, that goes on
// without the caller.
//
// The limits of the connection must make it traceable.
func (c *Conn) StartQlog(ctx context.Context, create func() (QlogFile, error), maxBytes int64, ended func(QlogEnd)) (name string, err error) {
	t, ok := c.qc.QlogTrace().(*trace)
	if !ok {
		return "", qerrors.New(qerrors.InvalidConfig, "the connection is not traceable")
	}
	select {
	case t.starting <- struct{}{}:
	case <-ctx.Done():
		return "", slowDisk(ctx)
	}
	done := make(chan struct{})
	var begun string
	var failed error
	go func() {
		defer func() { <-t.starting }()
		defer close(done)
		begun, failed = t.start(create, maxBytes, ended)
	}()
	select {
	case <-done:
		return begun, failed
	case <-ctx.Done():
		return "", slowDisk(ctx)
	}
}

func slowDisk(ctx context.Context) error {
	return qerrors.New(qerrors.Timeout, "the disk has not taken the file of the trace yet; the trace begins when it does: %w", context.Cause(ctx))
}

// start returns the name of the file of the recording that runs, or of a new one.
func (t *trace) start(create func() (QlogFile, error), maxBytes int64, ended func(QlogEnd)) (name string, err error) {
	for r := t.recording.Load(); r != nil; r = t.recording.Load() {
		if !r.halted() {
			return r.name, nil
		}
		<-r.done
	}
	if t.ended.Load() {
		return "", errEnded()
	}
	r, err := t.begin(create, maxBytes)
	if err != nil {
		return "", err
	}
	go func() {
		defer close(r.done)
		defer t.recording.Store(nil)
		ended(r.run())
	}()
	return r.name, nil
}

// begin returns a recording that takes events, and has yet to be run.
func (t *trace) begin(create func() (QlogFile, error), maxBytes int64) (*recording, error) {
	file, err := create()
	if err != nil {
		return nil, err
	}
	sequence, err := newSequence(file, t, maxBytes)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r := newRecording(sequence)
	t.recording.Store(r)
	if t.ended.Load() { // meanwhile; from here on, the end halts r
		t.recording.Store(nil)
		close(r.done)
		return nil, errors.Join(errEnded(), file.Close())
	}
	return r, nil
}

func errEnded() error { return qerrors.New(qerrors.NotConnected, "the connection has ended") }

// StopQlog ends what StartQlog has begun, if there is anything to end, and waits
// until the file is closed, or ctx ends.
func (c *Conn) StopQlog(ctx context.Context) error {
	t, ok := c.qc.QlogTrace().(*trace)
	if !ok {
		return nil
	}
	r := t.recording.Load()
	if r == nil {
		return nil
	}
	r.halt()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return qerrors.New(qerrors.Timeout, "the file %s is still being written: %w", r.name, context.Cause(ctx))
	}
}
