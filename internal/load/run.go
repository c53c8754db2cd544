package load

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Run is one measurement. It can be done once.
type Run struct {
	Spec     Spec
	Network  Network
	Embedded bool           // the hub is in this process: its usage cannot be told from that of the load
	Watch    func(Progress) // called five times a second, if it is not nil

	id       uint32
	crowd    crowd
	streams  int // that were used
	activity atomic.Pointer[activity]
}

// Do measures. The connections are opened before and closed afterwards, which does
// not count, except for Connect. When ctx ends, so does the measurement, and what
// there is by then is reported; before there is anything, its cause is returned.
// Nothing is opened or sent before the hub has carried out an order: it may be one
// that does other work.
func (r *Run) Do(ctx context.Context) (Report, error) {
	if err := r.Spec.Check(); err != nil {
		return Report{}, err
	}
	r.id = newRun()
	r.crowd.init(r.Network, r.id)
	if _, err := r.sample(ctx, false); err != nil {
		return Report{}, qerrors.New(qerrors.Incompatible, "load is put only on quic-bench serve of this version: %w", err)
	}
	stop := r.watch()
	defer stop()
	switch r.Spec.Work {
	case Connect:
		return r.connect(ctx)
	case Idle:
		return r.idle(ctx)
	case Broadcast:
		return r.broadcast(ctx)
	default:
		return r.exchange(ctx)
	}
}

// open opens the connections of the run, and fails with the first that fails.
func (r *Run) open(ctx context.Context) error {
	r.doing("connecting", r.crowd.count)
	return r.crowd.open(ctx, r.Spec.Conns, maxDialing, nil)
}

// close closes them, also after ctx has ended.
func (r *Run) close(ctx context.Context) {
	r.doing("closing", r.crowd.count)
	r.crowd.close(ctx)
}

// steps calls do for the warm-up, if there is one, and for what is measured, and
// returns the report of that.
func (r *Run) steps(ctx context.Context, do func(context.Context, Spec) (Report, error)) (Report, error) {
	if r.Spec.Warmup > 0 {
		warmup := r.Spec
		warmup.Messages, warmup.Duration = 0, r.Spec.Warmup
		_, err := do(ctx, warmup)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return Report{}, err
		}
	}
	return do(ctx, r.Spec)
}

// sample asks how the hub is.
func (r *Run) sample(ctx context.Context, collect bool) (s sample, err error) {
	return s, r.order(ctx, order{Do: sampleOrder, Run: r.id, Collect: collect}, &s)
}

// order has the hub carry out an order, and decodes the answer into out, if that
// is not nil.
func (r *Run) order(ctx context.Context, o order, out any) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	got, err := r.Network.Order(context.WithoutCancel(ctx), text) // an interrupted run needs answers too
	if err != nil {
		return fmt.Errorf("the hub does not carry out the order %q: %w", o.Do, err)
	}
	a := answer{Result: out}
	if err := json.Unmarshal(got, &a); err != nil {
		return fmt.Errorf("the hub does not answer the order %q in a form that is known: %w", o.Do, err)
	}
	if a.To != o.Do {
		return fmt.Errorf("the hub answers the order %q with something else", o.Do)
	}
	return nil
}
