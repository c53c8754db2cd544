package soak

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// usage is what this process holds: hubs and clients, which are both in it.
type usage struct {
	bytes      uint64 // live, on the heap and on stacks
	goroutines int
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MB, %d goroutines", float64(u.bytes)/1e6, u.goroutines)
}

func measure() usage {
	runtime.GC()
	runtime.GC() // for what the first one left to finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	goroutines := runtime.NumGoroutine()
	for range looks {
		time.Sleep(time.Millisecond)
		goroutines = min(goroutines, runtime.NumGoroutine())
	}
	return usage{m.HeapAlloc + m.StackInuse, goroutines}
}

// looks is how often the goroutines are counted, because under load some of them, such as
// those that flush a lane, are there for moments: the fewest are those that stay.
const looks = 50

// slack is what memory may differ by without growing: pools, and what is under way.
const slack = 2 << 20

// flat fails if there is more after than there was before.
func flat(t *testing.T, before, after usage) {
	t.Helper()
	t.Logf("before: %v; after: %v", before, after)
	if !after.within(before) {
		t.Error("what is held grows")
	}
}

// within reports whether there is no more than before.
func (u usage) within(before usage) bool {
	return u.bytes <= before.bytes+before.bytes/10+slack && u.goroutines <= before.goroutines+10
}
