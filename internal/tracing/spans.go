package tracing

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// maxWaiting is how many ended spans may wait to be exported.
const maxWaiting = 8192

// tally counts spans that have ended.
type tally struct {
	waiting atomic.Int64 // to be exported
	dropped atomic.Int64 // since there was no room, and not reported yet
	lost    atomic.Int64 // reported
}

// queue is the SDK's queue, of which it sees that nothing is dropped uncounted: the
// SDK would say so to nobody.
type queue struct {
	sdktrace.SpanProcessor
	*tally
}

// OnEnd queues a span, if there is room.
func (q queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	if q.waiting.Add(1) > maxWaiting {
		q.waiting.Add(-1)
		q.dropped.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// receiver is the exporter behind the queue.
type receiver struct {
	sdktrace.SpanExporter
	*tally
	log  *slog.Logger
	cut  context.Context // ends when nothing more is to be exported
	done chan struct{}   // closed when the queue has ended
}

// ExportSpans exports a batch, and reports errors itself: the SDK would give them to
// a handler that the whole process shares, and that prints each one.
func (r receiver) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.cut, cancel)()
	err := r.SpanExporter.ExportSpans(ctx, batch)
	if err != nil && r.cut.Err() != nil {
		err = context.Cause(r.cut)
	}
	r.waiting.Add(-int64(len(batch)))
	if err != nil {
		r.lost.Add(int64(len(batch)))
		r.log.Warn("spans were not exported", "spans", len(batch), "error", err)
	}
	r.reportDropped()
	return nil
}

// reportDropped is called by the goroutine that exports, not by those that end spans
// and must not wait for the log.
func (r receiver) reportDropped() {
	if n := r.dropped.Swap(0); n > 0 {
		r.lost.Add(n)
		r.log.Warn("spans were dropped: more have ended than could be exported", "spans", n)
	}
}

// Shutdown is called by the queue when that has ended.
func (r receiver) Shutdown(ctx context.Context) error {
	defer close(r.done)
	return r.SpanExporter.Shutdown(ctx)
}

// summarize says what was lost in all.
func (r receiver) summarize() {
	r.reportDropped()
	if lost := r.lost.Load() + r.waiting.Load(); lost > 0 {
		r.log.Info("traces are incomplete", "spans", lost)
	}
}
