package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const (
	// bodyTimeout is how long a caller may take to send the body: for that of a
	// payload of 64 MiB, the most that a hub takes, a link of 6 Mbit/s will do.
	bodyTimeout = 2 * time.Minute
	// smallBody is what is read at any time.
	smallBody = 64 << 10
	// bodyRoom is how many bytes of larger bodies are read and decoded at once. While
	// it is decoded, a body takes several times its size.
	bodyRoom = 16 << 20
	// roomTimeout is how long a body waits until others have been decoded.
	roomTimeout = 10 * time.Second
)

// largestBody returns the size of the largest body that a message with a payload of
// at most maxPayload bytes needs: an escape such as \u00e9 is three times as long as
// what it stands for, but for control characters. The headers, all of them escaped,
// fit into the rest.
func largestBody(maxPayload int) int64 { return 3*int64(maxPayload) + 128<<10 }

// bodies bounds the memory that the bodies of requests take.
type bodies struct {
	largest int64
	room    *semaphore.Weighted
}

func newBodies(maxPayload int) *bodies {
	largest := largestBody(maxPayload)
	return &bodies{largest: largest, room: semaphore.NewWeighted(max(bodyRoom, largest))}
}

// bound is a middleware that refuses a body that is too large before any of it is
// read, and lets one that is not small wait until there is room for it, which the
// handler gives back with decoded.
func (b *bodies) bound(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	size := r.ContentLength
	if size < 0 {
		size = b.largest // it does not say: see how much comes
	}
	switch {
	case size > b.largest:
		refuse(w, newProblem(http.StatusRequestEntityTooLarge, qerrors.PayloadTooLarge, "a body of "+strconv.FormatInt(size, 10)+
			" bytes is over the "+strconv.FormatInt(b.largest, 10)+" that the hub reads: split the payload, or raise -max-payload"))
		return
	case size <= smallBody:
		next(ctx)
		return
	}
	waiting, cancel := context.WithTimeout(r.Context(), roomTimeout)
	err := b.room.Acquire(waiting, size)
	cancel()
	if err != nil {
		refuse(w, newProblem(http.StatusTooManyRequests, qerrors.TooManyRequests,
			"other large messages are still being read: try again later"))
		return
	}
	release := sync.OnceFunc(func() { b.room.Release(size) })
	defer release()
	next(huma.WithValue(ctx, roomKey{}, release))
}

type roomKey struct{}

// decoded gives back the room of the body of a request, of which only the payload is
// still there.
func decoded(ctx context.Context) {
	if release, ok := ctx.Value(roomKey{}).(func()); ok {
		release()
	}
}

// refuse answers a request with which a message was to be sent.
func refuse(w http.ResponseWriter, p *Problem) {
	p.Outcome = notSent
	writeProblem(w, p)
}
