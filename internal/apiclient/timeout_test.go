package apiclient_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// slowLink takes a piece of the body of a request after each pause, and then hangs.
type slowLink struct {
	pause time.Duration
	taken time.Time // the last piece was
}

func (l *slowLink) RoundTrip(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	piece := make([]byte, 1<<10)
	for {
		time.Sleep(l.pause)
		if _, err := io.ReadFull(r.Body, piece); err != nil {
			break
		}
		l.taken = time.Now()
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestTimeOfASend: a send ends soon after its timeout, however long the message
// took to upload, and says that nobody knows what became of it.
func TestTimeOfASend(t *testing.T) {
	for _, pause := range []time.Duration{0, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "localhost:1")
			link := slowLink{pause: pause}
			c.SetTransport(&link)
			begun := time.Now()
			_, err := c.Send(t.Context(), httpapi.SendRequest{
				ClientID: "a", Content: httpapi.NewContent(make([]byte, 60<<10)), WaitAck: true, TimeoutMS: 3000,
			})
			if !errors.Is(err, qerrors.ErrTimeout) || !errors.Is(err, qerrors.ErrOutcomeUnknown) {
				t.Errorf("error %v", err)
			}
			if link.taken.Sub(begun) < 60*pause {
				t.Errorf("the upload was ended after %v", link.taken.Sub(begun))
			}
			if waited := time.Since(link.taken); waited < 3*time.Second || waited > 10*time.Second {
				t.Errorf("with pieces %v apart, it ended %v after the last", pause, waited)
			}
		})
	}
}
