package client_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// A client that tries in vain says so at once, every ten seconds with a count, and
// a last time when it ends: by Close, or because it gives up.
func TestLogOfAttempts(t *testing.T) {
	for _, test := range []struct {
		name    string
		retries int
		last    string // after the line with the last count
	}{
		{"closed", 0, ""},
		{"gave up", 60, "ERROR \"gave up\" client_id=a code=retries_exhausted error="},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := testnet.Virtual(t)
				var log testnet.Log
				c := n.Client("a", nil, func(c *client.ClientConfig) {
					c.Logger, c.ReconnectEnabled, c.MaxRetries = log.Logger(), true, test.retries
					c.HandshakeTimeout, c.InitialBackoff, c.MaxBackoff = 100*time.Millisecond, time.Second, time.Second
				})
				if err := c.Connect(n.Addr()); err != nil {
					t.Fatal(err)
				}
				const line = "WARN \"no connection to the hub\" client_id=a remote="
				if got := log.Take(); len(got) != 1 || !strings.HasPrefix(got[0], line) || !strings.Contains(got[0], " code=unreachable error=") {
					t.Errorf("at first the log has %q", got)
				}
				time.Sleep(15 * time.Second)
				if got := log.Take(); len(got) != 1 || !strings.HasPrefix(got[0], line) || !strings.Contains(got[0], " repeated=") {
					t.Errorf("after some seconds the log has %q", got)
				}
				if test.last == "" {
					if err := c.Close(t.Context()); err != nil {
						t.Error(err)
					}
				} else {
					<-c.Done()
				}
				got := log.Take()
				if test.last != "" {
					if last := got[len(got)-1]; !strings.HasPrefix(last, test.last) {
						t.Errorf("the log ends with %q", last)
					}
					got = got[:len(got)-1]
				}
				if last := got[len(got)-1]; !strings.HasPrefix(last, line) || !strings.Contains(last, " repeated=") {
					t.Errorf("there is no last count, but %q", last)
				}
				time.Sleep(time.Hour)
				if got := log.Take(); len(got) > 0 {
					t.Errorf("a client that has ended logs %q", got)
				}
			})
		})
	}
}
