package program_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestNoTracesUnlessAskedFor(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	for args, want := range map[string]bool{"": false, "-otlp-endpoint=": false, "-otlp-endpoint http://127.0.0.1:1": true} {
		err := run(t, func(cmd *cli.Command) error {
			traces, err := program.NewTraces(t.Context(), cmd, "a", slog.New(slog.DiscardHandler))
			if on := traces.TracerProvider() != nil; on != want {
				t.Errorf("%q: traces are made: %v", args, on)
			}
			traces.Shutdown(t.Context())
			return err
		}, strings.Fields(args)...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// The lines about a message that is traced lead to its trace.
func TestLogNamesTheTrace(t *testing.T) {
	d, log := newDispatcher(t, slog.LevelDebug)
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	a := make(answer, 1)
	if err := d.Submit(ctx, ctx, time.Now(), &protocol.DataMessage{MsgId: "m1", Type: 1}, a); err != nil {
		t.Fatal(err)
	}
	<-a
	if !strings.Contains(log.String(), "trace_id=ab000000000000000000000000000000 ") {
		t.Errorf("the log says %s", log)
	}
	log.Reset()
	submit(t, d, 1, "not traced")
	if strings.Contains(log.String(), "trace_id") {
		t.Errorf("the log says %s", log)
	}
}
