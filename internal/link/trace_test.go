package link_test

import (
	"testing"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/testnet"
)

func TestNoTracesCostNothing(t *testing.T) {
	var check fields.Checker
	m := testnet.Command("x")
	allocations := func(o link.Options) float64 {
		cfg := link.NewConfig(o, &check)
		return testing.AllocsPerRun(1000, func() { cfg.TraceSend(t.Context(), m) })
	}
	if n := allocations(link.Options{}); n != 0 {
		t.Errorf("without traces there are %v allocations", n)
	}
	if n := allocations(link.Options{TracerProvider: noop.NewTracerProvider()}); n == 0 {
		t.Error("with traces there are no allocations either: this does not measure them")
	}
}
