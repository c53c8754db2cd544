package load

import (
	"context"
	"fmt"
	"time"
)

// idle measures what connections cost the hub that do nothing but live, and then
// whether they still do: each asks once.
func (r *Run) idle(ctx context.Context) (Report, error) {
	r.Network.Receive(func([]byte) {})
	empty, err := r.sample(ctx, true)
	if err != nil {
		return Report{}, err
	}
	if empty, err = r.sample(ctx, true); err != nil { // the first one was the first use of much
		return Report{}, err
	}
	defer r.close(ctx)
	if err := r.open(ctx); err != nil {
		return Report{}, err
	}
	m, err := r.begin(ctx)
	if err != nil {
		return Report{}, err
	}
	r.doing("idle", r.crowd.count)
	begun := time.Now()
	sleep(ctx, r.Spec.Duration)
	elapsed := time.Since(begun)
	m.pause(ctx)
	full, err := r.sample(ctx, true)
	if err != nil {
		return Report{}, err
	}
	calls := r.rollCall(ctx)
	report := m.report(calls.measured(elapsed))
	report.perConn(empty.Usage, full.Usage)
	return report, nil
}

// rollCall has each connection ask once.
func (r *Run) rollCall(ctx context.Context) *recorder {
	ctx = context.WithoutCancel(ctx)
	var rec recorder
	r.doing("calling the roll", rec.count)
	share(len(r.crowd.conns), maxClosing, func(worker, place int) bool {
		begun := time.Now()
		if err := r.crowd.conns[place].Ask(ctx, newStream(r.id, place, r.Spec.Size).take()); err != nil {
			rec.failed(1, fmt.Errorf("idle connection %d: %w", place+1, err))
		} else {
			rec.done(worker, time.Since(begun))
		}
		return true
	})
	return &rec
}
