package link_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
)

// certificate is one whose files change when renew has something.
type certificate struct {
	expires atomic.Pointer[time.Time]
	renew   chan error
}

func (c *certificate) Expires() time.Time        { return *c.expires.Load() }
func (c *certificate) Reread() (_ bool, _ error) { return }

func (c *certificate) Watch(ctx context.Context, reloaded func(error)) {
	for {
		select {
		case err := <-c.renew:
			reloaded(err)
		case <-ctx.Done():
			return
		}
	}
}

// TestWarningsOfExpiry: daily from 30 days before, for as long as nobody acts.
func TestWarningsOfExpiry(t *testing.T) {
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		var log testnet.Log
		config := link.NewConfig(link.Options{Logger: log.Logger()}, new(fields.Checker))
		cert := &certificate{renew: make(chan error)}
		expires := func(d time.Duration) { at := time.Now().Add(d); cert.expires.Store(&at) }
		expires(32*day + time.Hour)
		config.Certificate = cert
		ctx, cancel := context.WithCancel(t.Context())
		kept := make(chan struct{})
		go func() {
			defer close(kept)
			config.KeepCertificate(ctx)
		}()
		expect := func(after time.Duration, warnings, errors int) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			lines := log.Take()
			var warned, failed int
			for _, line := range lines {
				if strings.HasPrefix(line, `WARN "the certificate is about to expire`) && strings.Contains(line, " expires=2000-02-02T01:00:00Z") {
					warned++
				}
				if strings.HasPrefix(line, `ERROR "the certificate has expired`) {
					failed++
				}
			}
			if warned != warnings || failed != errors {
				t.Errorf("%d warnings and %d errors, want %d and %d: %q", warned, failed, warnings, errors, lines)
			}
		}
		expect(2*day+time.Minute, 0, 0)
		expect(10*day, 10, 0)
		expect(20*day, 20, 0)
		expect(3*day, 0, 3)
		expires(365 * day)
		cert.renew <- nil
		expect(30*day, 0, 0)
		cert.renew <- errors.New("half a pair")
		synctest.Wait()
		if lines := log.Take(); len(lines) != 1 || !strings.HasPrefix(lines[0], `ERROR "the certificate stays as it was`) {
			t.Errorf("the log has %q", lines)
		}
		cancel()
		<-kept
	})
}
