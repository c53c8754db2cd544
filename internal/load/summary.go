package load

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// WriteSummary writes the report for people.
func (r Report) WriteSummary(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	line(string(r.Work), "%s", r.what())
	switch r.Work {
	case Idle:
		line("memory", "%s live heap and stacks of the hub for each connection, %s RSS", bytes(r.BytesPerConn), bytes(r.RSSPerConn))
		line("goroutines", "%s for each connection", number(r.GoroutinesPerConn))
		line("hub", "%s %% of a core, %s RSS in all", number(r.HubCPU), bytes(float64(r.HubRSS)))
		line("opened", "%s connections a second", number(r.ConnsPerSec))
		line("answered", "%s of %s, when each asked once in the end", integer(r.Messages), integer(int64(r.Conns)))
	case Connect:
		line("connections", "%s, %s a second", integer(r.Messages), number(r.ConnsPerSec))
		line("time", "%s", r.quantiles())
		line("cpu", "%s for each", r.cpu())
	default:
		line("messages", "%s, %s a second, %s MB/s", integer(r.Messages), number(r.MsgsPerSec), number(r.MBPerSec))
		line(r.latencyName(), "%s", r.quantiles())
		line("cpu", "%s for each message", r.cpu())
		line("hub", "%s", r.hub())
	}
	errors := "none"
	if r.Errors > 0 {
		errors = fmt.Sprintf("%s; the first: %s", integer(r.Errors), r.FirstError)
	}
	line("errors", "%s", errors)
	_, err := io.WriteString(w, b.String())
	return err
}

// what says what was measured.
func (r Report) what() string {
	parts := []string{integer(int64(r.Conns)) + " connections"}
	if r.Conns == 1 {
		parts[0] = "1 connection"
	}
	switch r.Work {
	case Ack, OneWay, Down:
		parts = append(parts, fmt.Sprintf("%d in flight on each", r.InFlight))
	case Connect:
		parts = append(parts, fmt.Sprintf("%d at once", r.InFlight))
	}
	if r.Work != Connect && r.Work != Idle {
		parts = append(parts, integer(int64(r.Size))+" bytes")
	}
	if r.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%s a second wanted", integer(int64(r.Rate))))
	}
	return strings.Join(append(parts, fmt.Sprintf("%.3gs", r.Seconds)), ", ")
}

// hub says how the hub is, and what it has counted.
func (r Report) hub() string {
	if r.HubError != "" {
		return "not known: " + r.HubError
	}
	return r.counted() + bytes(float64(r.HubRSS)) + " RSS"
}

// counted says what the hub has counted, where it does.
func (r Report) counted() string {
	if r.Work != Ack && r.Work != OneWay {
		return ""
	}
	return fmt.Sprintf("received %s, unique %s, duplicated %s, out of order %s, ", integer(int64(r.Hub.Received)),
		integer(int64(r.Hub.Unique)), integer(int64(r.Hub.Duplicated)), integer(int64(r.Hub.OutOfOrder)))
}

// latencyName says what the quantiles are of.
func (r Report) latencyName() string {
	switch r.Work {
	case OneWay:
		return "queued in"
	case Broadcast:
		return "to the last"
	default:
		return "latency"
	}
}

func (r Report) quantiles() string {
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", latency(r.P50), latency(r.P90), latency(r.P99), latency(r.P999), latency(r.Max))
}

func (r Report) cpu() string {
	if r.HubError != "" {
		return "load " + number(r.LoadCPUPerMsg) + " µs"
	}
	if r.HubCPUPerMsg == 0 {
		return number(r.LoadCPUPerMsg) + " µs, hub and load together,"
	}
	return fmt.Sprintf("hub %s µs, load %s µs", number(r.HubCPUPerMsg), number(r.LoadCPUPerMsg))
}

// latency returns a time to three digits.
func latency(micros float64) string {
	d := time.Duration(micros * float64(time.Microsecond))
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// integer returns n with commas between the thousands.
func integer(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// number returns n to three digits.
func number(n float64) string {
	if math.Abs(n) < 100 {
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	unit := math.Pow10(int(math.Log10(math.Abs(n))) - 2)
	return integer(int64(math.Round(n/unit) * unit))
}

// bytes returns a number of bytes in KB or MB, of powers of ten.
func bytes(n float64) string {
	switch {
	case n >= 1e6:
		return strconv.FormatFloat(n/1e6, 'f', 1, 64) + " MB"
	case n >= 1e3:
		return strconv.FormatFloat(n/1e3, 'f', 1, 64) + " KB"
	default:
		return strconv.FormatFloat(n, 'f', 0, 64) + " B"
	}
}
