package link

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// Rates are how fast a peer may send, in messages and in bytes of payload a second; 0
// is without limit. It may send what a second allows at once.
type Rates struct{ Messages, Bytes int }

// pace slows a peer that sends faster than it may: its messages wait to be handled, so
// that what is behind them stays in QUIC's receive window and the peer has to wait as
// well. Nothing is lost, and nobody else notices.
type pace struct {
	messages, bytes *rate.Limiter // nil without limit
}

// newPace returns nil if nothing is limited, so that it costs a look at a nil.
func newPace(r Rates) *pace {
	if r == (Rates{}) {
		return nil
	}
	return &pace{newLimiter(r.Messages), newLimiter(r.Bytes)}
}

func newLimiter(perSecond int) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), perSecond)
}

// take takes n of what l allows, and returns how long that has to wait. What is more than
// a second's worth is taken in pieces.
func take(l *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	for l != nil && n > 0 {
		piece := min(n, l.Burst())
		wait = l.ReserveN(now, piece).DelayFrom(now)
		n -= piece
	}
	return wait
}

// wait returns how long a message with a payload of n bytes has to wait, and counts it if
// it has to.
func (p *pace) wait(n int, metrics *monitoring.Metrics) time.Duration {
	now := time.Now()
	messages, bytes := take(p.messages, now, 1), take(p.bytes, now, n)
	switch {
	case bytes > messages:
		metrics.Limited.Add(monitoring.LimitByteRate)
	case messages > 0:
		metrics.Limited.Add(monitoring.LimitMessageRate)
	}
	return max(messages, bytes)
}
