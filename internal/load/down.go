package load

import (
	"context"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// down is the hub's part of the work of that name: it asks the clients of a run. A
// nil one is none, and has ended.
type down struct {
	phase
	cancel  context.CancelFunc
	ended   chan struct{}
	elapsed time.Duration // set when it has ended
}

// startDown begins to ask, on goroutines of its own.
func startDown(hub Hub, spec Spec, run uint32) *down {
	ctx, cancel := context.WithCancel(context.Background())
	d := &down{cancel: cancel, ended: make(chan struct{})}
	d.spec, d.run = spec, run
	names := make([]string, spec.Conns)
	for i := range names {
		names[i] = clientName(run, i)
	}
	d.send = func(ctx context.Context, worker int, payload []byte) error {
		return hub.Ask(ctx, names[worker%spec.Conns], payload)
	}
	go func() {
		defer close(d.ended)
		d.elapsed = d.work(ctx)
	}()
	return d
}

func (d *down) running() bool {
	if d == nil {
		return false
	}
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// stop lets what is under way finish.
func (d *down) stop() {
	if d != nil {
		d.cancel()
		<-d.ended
	}
}

// outcome is how a down went, or goes.
type outcome struct {
	Done       bool          `json:"done"`
	Messages   int64         `json:"messages"`
	Errors     int64         `json:"errors"`
	FirstError string        `json:"first_error,omitempty"`
	Elapsed    time.Duration `json:"elapsed"`             // once it is done
	Latencies  string        `json:"latencies,omitempty"` // likewise, as HdrHistogram encodes them
}

func (d *down) progress() (any, error) {
	if d == nil {
		return nil, qerrors.New(qerrors.InvalidArgument, "the hub was not told to ask anybody")
	}
	o := outcome{Done: !d.running()}
	o.Messages = d.count()
	errors, first := d.failures()
	if o.Errors = errors; first != nil {
		o.FirstError = first.Error()
	}
	if !o.Done {
		return o, nil
	}
	o.Elapsed = d.elapsed
	encoded, err := d.latencies().EncodeV2()
	o.Latencies = string(encoded)
	return o, err
}
