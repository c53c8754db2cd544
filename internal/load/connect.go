package load

import (
	"context"
	"time"
)

// connect measures how fast connections are opened: Conns of them, InFlight at
// once, again and again until there were as many as Spec.Messages or it took as
// long as Spec.Duration. Closing them in between does not count.
func (r *Run) connect(ctx context.Context) (Report, error) {
	r.Network.Receive(func([]byte) {})
	return r.steps(ctx, func(ctx context.Context, spec Spec) (Report, error) {
		var rec recorder
		m := r.measure()
		r.doing("connecting", rec.count)
		var took time.Duration
		for round := 0; ctx.Err() == nil; round++ {
			n := spec.Conns
			if spec.Messages > 0 {
				failed, _ := rec.failures()
				n = int(min(int64(n), spec.Messages-rec.count()-failed))
			}
			if n <= 0 || spec.Duration > 0 && took >= spec.Duration {
				break
			}
			if err := m.resume(ctx); err != nil {
				return Report{}, err
			}
			_ = r.crowd.open(ctx, n, spec.InFlight, &rec) // an end of ctx; the rest was recorded
			took += r.crowd.opened
			m.pause(ctx)
			r.crowd.close(ctx)
		}
		return m.report(rec.measured(took)), nil
	})
}
