package client_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// BenchmarkTraces is a round trip without traces, with those that nobody wants to
// see, and with three spans that are queued to be exported.
func BenchmarkTraces(b *testing.B) {
	sampled := func(ratio float64) trace.TracerProvider {
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(tracetest.NewNoopExporter()),
			sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))))
		b.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
		return provider
	}
	for _, test := range []struct {
		name     string
		provider trace.TracerProvider
	}{{"off", nil}, {"ratio=0", sampled(0)}, {"ratio=0.01", sampled(0.01)}, {"ratio=1", sampled(1)}} {
		b.Run(test.name, func(b *testing.B) {
			n := testnet.Loopback(b)
			n.Hub(testnet.Echo(), func(c *server.ServerConfig) { c.TracerProvider = test.provider })
			c := n.Client("a", nil, func(c *client.ClientConfig) { c.TracerProvider = test.provider })
			n.Connect(c)
			msg := payload(128)
			measure(b, 64, func(int) error {
				_, err := c.SendMessage(context.Background(), msg, true, 0)
				return err
			})
		})
	}
}
