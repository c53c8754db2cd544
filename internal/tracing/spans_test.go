package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/tracing"
)

// fake stands for the exporter and the collector behind it.
type fake struct {
	export   func(ctx context.Context) error
	exported atomic.Int64
}

func (f *fake) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := f.export(ctx)
	if err == nil {
		f.exported.Add(int64(len(spans)))
	}
	return err
}

func (*fake) Shutdown(context.Context) error { return nil }

// start returns an exporter to f, what makes a span end, and what is logged.
func (f *fake) start(t *testing.T) (e *tracing.Exporter, span func(), log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	e, err := tracing.NewExporter(t.Context(), tracing.Config{Ratio: 1, Log: slog.New(slog.NewTextHandler(log, nil))}, f)
	if err != nil {
		t.Fatal(err)
	}
	tracer := e.TracerProvider().Tracer("test")
	return e, func() {
		_, span := tracer.Start(context.Background(), "work", trace.WithNewRoot())
		span.End()
	}, log
}

// What is lost while the collector is away is counted, and what comes later is not
// lost.
func TestCollectorIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		away.Store(true)
		f := &fake{export: func(context.Context) error {
			if away.Load() {
				return errors.New("nobody there")
			}
			return nil
		}}
		e, span, log := f.start(t)
		const minute = 60
		for range minute {
			span()
			time.Sleep(time.Second)
		}
		time.Sleep(minute * time.Second)
		away.Store(false)
		span()
		e.Shutdown(t.Context())
		lost := 0
		for _, n := range regexp.MustCompile(`"spans were not exported" spans=(\d+) error="nobody there"`).FindAllStringSubmatch(log.String(), -1) {
			spans, _ := strconv.Atoi(n[1])
			lost += spans
		}
		if lost != minute || !strings.HasSuffix(log.String(), "\"traces are incomplete\" spans=60\n") || f.exported.Load() != 1 {
			t.Errorf("%d spans were exported and %d lost:\n%s", f.exported.Load(), lost, log)
		}
	})
}

// When the collector does not take what there is, spans are lost and counted;
// nobody who ends one waits.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := &fake{export: func(context.Context) error { <-release; return nil }}
		e, span, log := f.start(t)
		begun := time.Now()
		const spans = 10_000
		for range spans {
			span()
		}
		if d := time.Since(begun); d > 0 {
			t.Errorf("who ended the spans waited for %v", d)
		}
		close(release)
		e.Shutdown(t.Context())
		exported := f.exported.Load()
		want := fmt.Sprint("spans=", spans-8192, "\n")
		if text := log.String(); exported != 8192 || strings.Count(text, want) != 2 || strings.Count(text, "\n") != 2 {
			t.Errorf("%d spans were exported; the log does not have %s twice:\n%s", exported, want, text)
		}
	})
}

// A collector that does not answer keeps nobody for long, and nobody whose time is
// over.
func TestShutdownDoesNotWaitForLong(t *testing.T) {
	for name, test := range map[string]struct {
		given, want time.Duration
	}{
		"alone":            {time.Hour, 3 * time.Second},
		"with less time":   {time.Second, time.Second},
		"without any time": {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{export: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
				e, span, log := f.start(t)
				span()
				ctx, cancel := context.WithTimeout(t.Context(), test.given)
				defer cancel()
				begun := time.Now()
				e.Shutdown(ctx)
				if d := time.Since(begun); d != test.want {
					t.Errorf("it took %v, want %v", d, test.want)
				}
				if !strings.Contains(log.String(), "spans=1 error=\"timeout: the program has ended") {
					t.Errorf("the log does not say what was lost:\n%s", log)
				}
			})
		})
	}
}
