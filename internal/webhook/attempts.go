package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// The pause before an attempt doubles from the shortest one to the longest.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
)

// attempts are those for one message.
type attempts struct {
	log   *slog.Logger
	msgID string

	failed int           // attempts that failed and may be repeated
	wait   time.Duration // before the next one
}

// again reports whether there is to be another attempt. When there is no time for
// one, the last answer is better than none.
func (a *attempts) again(ctx context.Context, response *http.Response, err error) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		if repeat, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err); !repeat {
			return false, nil // a certificate, for instance, that is not trusted
		}
	case response.StatusCode != http.StatusServiceUnavailable:
		return false, nil
	}
	a.wait = pause(a.failed, response)
	a.failed++
	deadline, limited := ctx.Deadline()
	if limited && time.Until(deadline) <= a.wait {
		return false, nil
	}
	if err == nil {
		err = errors.New(response.Status)
	}
	a.log.Debug("the webhook failed", "msg_id", a.msgID, "code", qerrors.HandlerFailed, "error", cause(err),
		"attempt", a.failed, "next_attempt_in", a.wait)
	return true, nil
}

// pause returns how long to wait after so many attempts that failed before this
// one: as long as the response says, or longer each time. Part of it is chance, so
// that the messages that a webhook could not take do not come back all at once.
func pause(failed int, response *http.Response) time.Duration {
	wait := retryablehttp.DefaultBackoff(shortestPause, longestPause, failed, response)
	if response != nil && response.Header.Get("Retry-After") != "" {
		wait += rand.N(shortestPause)
	} else {
		wait = wait/2 + rand.N(wait/2)
	}
	if wait < 0 { // so many seconds that they overflowed
		wait = math.MaxInt64
	}
	return wait
}

// pause implements [retryablehttp.Backoff].
func (a *attempts) pause(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return a.wait }

// times says how often it was tried, if that was more than once.
func (a *attempts) times() string {
	if a.failed < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d attempts)", a.failed)
}

// cause returns err without the URL, which may have a secret in it.
func cause(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// reason returns err as a client may see it: without the URL, and without the
// names and addresses that it led to.
func reason(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	case errors.As(err, &op):
		return op.Err
	default:
		return cause(err)
	}
}
