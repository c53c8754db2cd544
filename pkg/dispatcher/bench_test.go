package dispatcher_test

import (
	"context"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/pkg/dispatcher"
)

// signal is a Responder that says only that it was called.
type signal chan struct{}

func (s signal) Respond(dispatcher.Outcome) { s <- struct{}{} }

// BenchmarkSubmit measures from Submit to Respond with a handler that does
// nothing: one message at a time, and with many under way.
func BenchmarkSubmit(b *testing.B) {
	for name, inFlight := range map[string]int{"1 in flight": 1, "64 in flight": 64, "512 in flight": 512} {
		b.Run(name, func(b *testing.B) {
			d := commands(nil, replying("x"))
			responded := make(signal, inFlight)
			m := message("1", command)
			b.ReportAllocs()
			for range inFlight - 1 {
				responded <- struct{}{}
			}
			for b.Loop() {
				if err := d.Submit(context.Background(), context.Background(), time.Now(), m, responded); err != nil {
					b.Fatal(err)
				}
				<-responded
			}
		})
	}
}

// BenchmarkSubmitParallel does the same for submitters on all processors.
func BenchmarkSubmitParallel(b *testing.B) {
	d := commands(nil, replying("x"))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		responded := make(signal, 1)
		m := message("1", command)
		for pb.Next() {
			if err := d.Submit(context.Background(), context.Background(), time.Now(), m, responded); err != nil {
				b.Error(err)
				return
			}
			<-responded
		}
	})
}
