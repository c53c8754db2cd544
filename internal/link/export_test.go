package link

import (
	"context"
	"time"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TraceSend does for a message what sending does about traces.
func (c *Config) TraceSend(ctx context.Context, m *protocol.DataMessage) {
	span := c.beginSend(ctx, m, "a")
	if done := onDone(span); done != nil {
		done(nil, nil, nil, time.Time{})
	}
	endSpan(span, nil, nil)
}
