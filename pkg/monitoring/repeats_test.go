package monitoring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

func want(t *testing.T, written *testnet.Log, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, written.Take()); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}

// limited returns a logger that limits repeats, and where it writes: times are
// those since now.
func limited() (*slog.Logger, *monitoring.Repeats, *testnet.Log) {
	begun, written := time.Now(), new(testnet.Log)
	repeats := monitoring.NewRepeats(slog.NewTextHandler(written, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				a.Value = slog.StringValue(a.Value.Time().Sub(begun).String())
			}
			return a
		},
	}))
	return slog.New(repeats), repeats, written
}

// TestRepeats: the first is written at once, the others every ten seconds as one.
func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, written := limited()
		fail := func(n int) { log.Warn("refused", "remote", fmt.Sprint("192.0.2.1:", n), "code", qerrors.Incompatible) }
		for n := range 24 {
			fail(n)
			time.Sleep(time.Second)
			synctest.Wait()
			switch n {
			case 0:
				want(t, written, "0s WARN refused remote=192.0.2.1:0 code=incompatible")
			case 9:
				want(t, written, "9s WARN refused remote=192.0.2.1:9 code=incompatible repeated=9")
			case 19:
				want(t, written, "19s WARN refused remote=192.0.2.1:19 code=incompatible repeated=10")
			default:
				want(t, written)
			}
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		want(t, written, "23s WARN refused remote=192.0.2.1:23 code=incompatible repeated=4")
		time.Sleep(9 * time.Second)
		fail(50)
		want(t, written) // it is less than ten seconds since the last line
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, written, "39s WARN refused remote=192.0.2.1:50 code=incompatible repeated=1")
		time.Sleep(10 * time.Second)
		fail(60)
		want(t, written, "50s WARN refused remote=192.0.2.1:60 code=incompatible")
	})
}

// TestKinds: each case is one record that may count as a repeat of
// "m client_id=c code=timeout".
func TestKinds(t *testing.T) {
	for name, test := range map[string]struct {
		log     func(*slog.Logger)
		repeats bool
	}{
		"same":          {func(l *slog.Logger) { l.Warn("m", "client_id", "c", "code", "timeout") }, true},
		"another order": {func(l *slog.Logger) { l.Warn("m", "code", "timeout", "client_id", "c") }, true},
		"code as such":  {func(l *slog.Logger) { l.Warn("m", "client_id", "c", "code", qerrors.Timeout) }, true},
		"another error": {func(l *slog.Logger) {
			l.Warn("m", "client_id", "c", "code", "timeout", "error", "other", "msg_id", "2")
		}, true},
		"another level": {func(l *slog.Logger) { l.Error("m", "client_id", "c", "code", "timeout") }, true},
		"LogAttrs": {func(l *slog.Logger) {
			l.LogAttrs(context.Background(), slog.LevelWarn, "m", slog.String("client_id", "c"), slog.Any("code", qerrors.Timeout))
		}, true},
		"With":              {func(l *slog.Logger) { l.With("client_id", "c").With("code", "timeout").Warn("m") }, true},
		"With and group":    {func(l *slog.Logger) { l.With("client_id", "c").WithGroup("g").Warn("m", "code", "timeout") }, true},
		"beats With":        {func(l *slog.Logger) { l.With("client_id", "d", "code", "timeout").Warn("m", "client_id", "c") }, true},
		"another message":   {func(l *slog.Logger) { l.Warn("n", "client_id", "c", "code", "timeout") }, false},
		"another code":      {func(l *slog.Logger) { l.Warn("m", "client_id", "c", "code", "draining") }, false},
		"no code":           {func(l *slog.Logger) { l.Warn("m", "client_id", "c") }, false},
		"another client":    {func(l *slog.Logger) { l.Warn("m", "client_id", "d", "code", "timeout") }, false},
		"no client":         {func(l *slog.Logger) { l.Warn("m", "code", "timeout") }, false},
		"a host":            {func(l *slog.Logger) { l.Warn("m", "client_id", "c", "remote", "h:1", "code", "timeout") }, false},
		"a host named so":   {func(l *slog.Logger) { l.Warn("m", "remote", "c", "code", "timeout") }, false},
		"in a group of its": {func(l *slog.Logger) { l.Warn("m", slog.Group("g", "client_id", "c", "code", "timeout")) }, false},
		"info":              {func(l *slog.Logger) { l.Info("m", "client_id", "c", "code", "timeout") }, false},
		"debug":             {func(l *slog.Logger) { l.Debug("m", "client_id", "c", "code", "timeout") }, false},
	} {
		log, repeats, written := limited()
		log.Warn("m", "client_id", "c", "code", "timeout")
		written.Take()
		test.log(log)
		if now := len(written.Take()); (now == 0) != test.repeats {
			t.Errorf("%s: %d lines at once, a repeat: %v", name, now, test.repeats)
		}
		repeats.Flush()
		if later := written.Take(); (len(later) == 1) != test.repeats {
			t.Errorf("%s: a repeat: %v, and later there is %q", name, test.repeats, later)
		}
	}
}

// TestHosts: connections of one host are one peer, whatever ids they claim.
func TestHosts(t *testing.T) {
	log, repeats, written := limited()
	for n, remote := range []string{"192.0.2.1:1", "[2001:db8::1]:1", "192.0.2.1:2", "[2001:db8::1]:2", "192.0.2.2:1"} {
		log.Warn("refused", "client_id", n, "remote", remote)
	}
	if got := len(written.Take()); got != 3 {
		t.Errorf("%d lines for three hosts", got)
	}
	repeats.Flush()
	if got := len(written.Take()); got != 2 {
		t.Errorf("%d lines for two hosts that came again", got)
	}
}

// TestRepeatsKeepAttributes: the line with a count is that of the last record,
// with what With and WithGroup have added to its logger.
func TestRepeatsKeepAttributes(t *testing.T) {
	log, repeats, written := limited()
	log.Error("m", "client_id", "c", "attempt", 1)
	log.Warn("m", "client_id", "c", "attempt", 2)
	log.With("client_id", "c").WithGroup("g").Error("m", "attempt", 3, "a", 1, "b", 2, "c", 3, "d", 4, "e", 5)
	repeats.Flush()
	want := "ERROR m client_id=c g.attempt=3 g.a=1 g.b=2 g.c=3 g.d=4 g.e=5 g.repeated=2"
	got := written.Take()
	if len(got) != 2 || !strings.HasSuffix(got[1], want) {
		t.Errorf("lines %q, want %q last", got, want)
	}
}

// TestFlush: what was counted is told once, and the interval goes on.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, repeats, written := limited()
		fail := func() { log.Warn("m") }
		fail()
		fail()
		time.Sleep(time.Second)
		fail()
		repeats.Flush()
		want(t, written, "0s WARN m", "1s WARN m repeated=2")
		repeats.Flush()
		time.Sleep(5 * time.Second)
		want(t, written)
		fail()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		want(t, written, "6s WARN m repeated=1")
	})
}

// TestLevelIsRaised: what is counted is not told after its level was turned off.
func TestLevelIsRaised(t *testing.T) {
	var written testnet.Log
	level := new(slog.LevelVar)
	repeats := monitoring.NewRepeats(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: level}))
	log := slog.New(repeats)
	for range 2 {
		log.Warn("m")
		log.Error("n")
	}
	written.Take()
	level.Set(slog.LevelError)
	repeats.Flush()
	if got := written.Take(); len(got) != 1 || !strings.Contains(got[0], "ERROR n repeated=1") {
		t.Errorf("lines %q", got)
	}
}

// TestRepeatsOfRepeats: who limits what is limited already shares the counts.
func TestRepeatsOfRepeats(t *testing.T) {
	log, repeats, written := limited()
	again := monitoring.NewRepeats(log.Handler())
	log.Warn("m")
	slog.New(again).Warn("m")
	if got := written.Take(); len(got) != 1 {
		t.Errorf("lines %q, want the first alone", got)
	}
	repeats.Flush()
	if got := written.Take(); len(got) != 1 {
		t.Errorf("lines %q, want one with the count", got)
	}
}

// TestHandlerRules: it is a handler as log/slog wants them.
func TestHandlerRules(t *testing.T) {
	var written bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		written.Reset()
		return monitoring.NewRepeats(slog.NewJSONHandler(&written, nil))
	}, func(t *testing.T) map[string]any {
		var line map[string]any
		if err := json.Unmarshal(written.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	})
}

// discard takes records of all levels and does nothing with them.
type discard struct{ slog.Handler }

func (discard) Enabled(context.Context, slog.Level) bool  { return true }
func (discard) Handle(context.Context, slog.Record) error { return nil }

// TestOrdinaryRecordsCostNothing: records below warn are handed on as they are.
func TestOrdinaryRecordsCostNothing(t *testing.T) {
	log := slog.New(monitoring.NewRepeats(discard{}))
	attr := slog.String("client_id", "c")
	if n := testing.AllocsPerRun(100, func() { log.LogAttrs(context.Background(), slog.LevelInfo, "m", attr) }); n > 0 {
		t.Errorf("%v allocations for a record", n)
	}
}
