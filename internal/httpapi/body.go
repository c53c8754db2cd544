package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
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
	// bodyTimeout is how long a caller may take to send a small body, and slowestBody how
	// many bytes a second it has to send of another, which takes room from others while it
	// comes.
	bodyTimeout = 10 * time.Second
	slowestBody = 512 << 10
	// longestBody is enough for a payload of 64 MiB, the most that a hub takes, over 6 Mbit/s.
	longestBody = 2 * time.Minute
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
	maxPayload int
	largest    int64
	room       *semaphore.Weighted
}

func newBodies(maxPayload int) *bodies {
	largest := largestBody(maxPayload)
	return &bodies{maxPayload: maxPayload, largest: largest, room: semaphore.NewWeighted(max(bodyRoom, largest))}
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
			" bytes is too large: the payload in it may have "+strconv.Itoa(b.maxPayload)+" bytes: split it, or raise -max-payload"))
		return
	case size <= smallBody:
		next(&upload{under: ctx, timeout: bodyTimeout})
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
	next(&upload{under: huma.WithValue(ctx, roomKey{}, release), timeout: min(bodyTimeout+time.Duration(size)*time.Second/slowestBody, longestBody)})
}

type roomKey struct{}

// decoded gives back the room of the body of a request, of which only the payload is
// still there.
func decoded(ctx context.Context) {
	if release, ok := ctx.Value(roomKey{}).(func()); ok {
		release()
	}
}

// under is a huma.Context that can be embedded, since it has a method Context.
type under = huma.Context

// upload is a request whose body is to arrive within a time that its size gives it.
type upload struct {
	under
	timeout time.Duration
	broken  bool // the body has ended before its end
}

func (u *upload) SetReadDeadline(time.Time) error {
	return u.under.SetReadDeadline(time.Now().Add(u.timeout))
}

func (u *upload) BodyReader() io.Reader { return &uploaded{u.under.BodyReader(), u} }

// SetStatus says that a broken body is a fault of who sends it, which huma takes for one
// of the hub.
func (u *upload) SetStatus(status int) {
	if u.broken && status == http.StatusInternalServerError {
		status = http.StatusBadRequest
	}
	u.under.SetStatus(status)
}

type uploaded struct {
	io.Reader
	of *upload
}

func (r *uploaded) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	var timeout net.Error
	if err != nil && err != io.EOF && !(errors.As(err, &timeout) && timeout.Timeout()) {
		r.of.broken = true
	}
	return n, err
}

// refuse answers a request with which a message was to be sent.
func refuse(w http.ResponseWriter, p *Problem) {
	p.Outcome = notSent
	writeProblem(w, p)
}
