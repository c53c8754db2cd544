package program

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/propagation"

	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/internal/tracing"
)

// TraceFlags are -otlp-endpoint and -otlp-ratio, which [NewTraces] reads.
func TraceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "otlp-endpoint", Validator: endpointOrNone,
			Usage: "`URL` of a collector to export traces to, with OTLP over HTTP, such as http://localhost:4318"},
		&cli.FloatFlag{Name: "otlp-ratio", Value: 1, Validator: ratio,
			Usage: "`PART` of the traces to export, from 0 to 1, also of those that others have begun"},
	}
}

func endpointOrNone(text string) error {
	if text == "" {
		return nil
	}
	return tracing.CheckEndpoint(text)
}

func ratio(part float64) error {
	if !(part >= 0 && part <= 1) { // NaN is neither
		return errors.New("use a number from 0 to 1")
	}
	return nil
}

// NewTraces returns what exports traces to -otlp-endpoint; nil, which is off, if there
// is none. instance tells this process from others of the program.
func NewTraces(ctx context.Context, cmd *cli.Command, instance string, log *slog.Logger) (*tracing.Exporter, error) {
	endpoint := cmd.String("otlp-endpoint")
	if endpoint == "" {
		return nil, nil
	}
	return tracing.New(ctx, tracing.Config{
		Endpoint: endpoint,
		Ratio:    cmd.Float("otlp-ratio"),
		Service:  cmd.Root().Name,
		Version:  settings.Version(cmd),
		Instance: instance,
		Log:      log,
	})
}

// WithTraceParent returns ctx with the span that TRACEPARENT and TRACESTATE of the
// environment name, if they do: a script that is traced may have started the program.
func WithTraceParent(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{
		"traceparent": os.Getenv("TRACEPARENT"), "tracestate": os.Getenv("TRACESTATE"),
	})
}
