package load

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has taken of its machine.
type Usage struct {
	CPU        time.Duration `json:"cpu"`        // of all processors, since it began; 0 where that is not known
	RSS        uint64        `json:"rss"`        // memory that it has, in bytes; 0 where that is not known
	Live       uint64        `json:"live"`       // of the heap, live objects, and stacks, in bytes
	Goroutines int           `json:"goroutines"` // that there are
}

// ownUsage returns the usage of this process. With collect, garbage is collected
// first, so that Live has none; that is costly.
func ownUsage(collect bool) Usage {
	u := Usage{CPU: cpuTime(), RSS: residentMemory(), Goroutines: runtime.NumGoroutine()}
	if collect {
		runtime.GC()
		runtime.GC() // stacks shrink, and pools are emptied, with the second
	}
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		u.Live += s.Value.Uint64()
	}
	return u
}

// residentMemory returns the second field of Linux's /proc/self/statm.
func residentMemory() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
