// Package heap sets the garbage collector for processes that have little in use and
// make much garbage.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Floor is up to which size the heap of a hub grows before it is collected.
const Floor = 64 << 20

// defaultPercent is the runtime's own GOGC.
const defaultPercent = 100

// SetFloor keeps the heap from being collected again and again while it is small:
// with GOGC at its default a process that has little in use, and makes garbage at the
// rate of its messages, spends a fifth of its time on that. With half of bytes or more in
// use nothing changes. It does nothing where GOGC is set, and a GOMEMLIMIT counts as
// ever.
func SetFloor(bytes uint64) {
	if os.Getenv("GOGC") == "" {
		(&floor{bytes: bytes, percent: defaultPercent}).collected()
	}
}

type floor struct {
	bytes   uint64
	percent int // that is set
}

// collected is called after each collection, for which the runtime has to find it
// unreachable.
func (f *floor) collected() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := defaultPercent
	// The runtime takes the percentage of at least 4 MiB, so it is no more than that.
	highest := f.bytes * 100 / (4 << 20)
	if used := max(live[0].Value.Uint64(), 1<<20); used*2 < f.bytes {
		percent = int(min((f.bytes-used)*100/used, highest))
	}
	// A change stops the world, so that small ones are not worth it.
	if percent < f.percent*3/4 || percent > f.percent*5/4 {
		debug.SetGCPercent(percent)
		f.percent = percent
	}
	next := *f
	runtime.SetFinalizer(&next, (*floor).collected)
}
