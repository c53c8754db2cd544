package link

import (
	"math/rand/v2"
	"time"

	"github.com/voilet/QuicFlow/internal/wire"
)

// newIDBase returns what the ids of a conversation's messages are made of.
func newIDBase() wire.IDBase {
	for {
		if base := wire.IDBase(rand.Uint64()); base != 0 {
			return base
		}
	}
}

// newID returns an id for a message that needs one before it has a number: that of a
// message which is sent now and is the only one of its base. In the place of the number it
// has the part of a millisecond that twelve bits can tell apart, 244 ns (RFC 9562, section
// 6.2, method 3). The rest is random, from the runtime's ChaCha8: an id has to be unique,
// not secret.
func newID(now time.Time) string {
	return newIDBase().ID(now.UnixMilli(), uint64(now.Nanosecond()%1e6)*(1<<12)/1e6)
}
