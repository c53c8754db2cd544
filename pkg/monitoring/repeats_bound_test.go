package monitoring_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// maxKinds is how many kinds of records there may be within an interval.
const maxKinds = 4096

// TestManyPeers: past the bound those with one message share a line, whatever peer
// and code they have, and room comes back with time.
func TestManyPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, written := limited()
		fail := func(peer int) { log.Warn("disconnected", "client_id", peer, "code", qerrors.Code(peer)) }
		for peer := range maxKinds {
			fail(peer)
		}
		if got := len(written.Take()); got != maxKinds {
			t.Errorf("%d lines of the first %d peers", got, maxKinds)
		}
		for peer := range 1000 {
			fail(maxKinds + peer)
		}
		want(t, written, "0s WARN disconnected client_id=4096 code=code_4096")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		want(t, written, "0s WARN disconnected client_id=5095 code=code_5095 repeated=999 several=true")
		fail(1)
		fail(10_000)
		want(t, written, "10s WARN disconnected client_id=1 code=internal", "10s WARN disconnected client_id=10000 code=code_10000")
	})
}

// TestManyMessages: records without a peer make room by displacing the oldest, and
// what was counted of that is told first.
func TestManyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, repeats, written := limited()
		for range 3 {
			log.Warn("oldest")
		}
		for n := range maxKinds - 1 {
			log.Warn(fmt.Sprint("other ", n))
		}
		written.Take()
		log.Warn("one more")
		want(t, written, "0s WARN oldest repeated=2", `0s WARN "one more"`)
		log.Warn("oldest")
		want(t, written, "0s WARN oldest")
		time.Sleep(time.Hour)
		repeats.Flush()
		want(t, written)
	})
}

// TestNothingIsLost: whatever happens at the same time, each record is in a line
// of its own or in a count, and there is a line every ten seconds at most, but for
// what Flush asks for.
func TestNothingIsLost(t *testing.T) {
	const loggers, peers, times, flushes = 8, 5, 400, 3
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		log, repeats, written := limited()
		var wg sync.WaitGroup
		for range loggers {
			wg.Go(func() {
				for range times {
					log.Warn("m", "client_id", rand.N(peers))
					time.Sleep(rand.N(300 * time.Millisecond))
				}
			})
		}
		wg.Go(func() {
			for range flushes - 1 {
				time.Sleep(rand.N(20 * time.Second))
				repeats.Flush()
			}
		})
		wg.Wait()
		took := time.Since(begun)
		repeats.Flush()
		lines := written.Take()
		records := 0
		for _, line := range lines {
			records++
			if match := regexp.MustCompile(` repeated=(\d+)$`).FindStringSubmatch(line); match != nil {
				n, err := strconv.Atoi(match[1])
				if err != nil {
					t.Fatal(err)
				}
				records += n - 1
			}
		}
		if records != loggers*times {
			t.Errorf("the lines tell of %d records, want %d", records, loggers*times)
		}
		if most := peers * (int(took/(10*time.Second)) + 1 + flushes); len(lines) > most {
			t.Errorf("%d lines in %v, want at most %d", len(lines), took, most)
		}
	})
}

// slow takes a second for each record.
type slow struct{ discard }

func (slow) Handle(context.Context, slog.Record) error {
	time.Sleep(time.Second)
	return nil
}

// TestFlushWaits: when Flush returns, nothing is about to be told.
func TestFlushWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repeats := monitoring.NewRepeats(slow{})
		log := slog.New(repeats)
		log.Warn("m") // written until 1 s
		log.Warn("m") // told from 10 s to 11 s
		time.Sleep(9500 * time.Millisecond)
		begun := time.Now()
		repeats.Flush()
		if took := time.Since(begun); took != 500*time.Millisecond {
			t.Errorf("Flush returned after %v, want 500ms", took)
		}
	})
}

// TestStackTraces shows what it is for: a handler that always panics.
func TestStackTraces(t *testing.T) {
	log, repeats, written := limited()
	for n := range 1000 {
		log.Error("a handler panicked", "client_id", "c", "code", "handler_panic", "msg_id", n, "stack", strings.Repeat("x", 4096))
	}
	repeats.Flush()
	got := written.Take()
	if len(got) != 2 || !strings.Contains(got[1], "repeated=999") || !strings.Contains(got[1], "msg_id=999 ") {
		t.Errorf("%d lines, want two", len(got))
	}
}
