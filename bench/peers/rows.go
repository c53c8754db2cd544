package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/voilet/QuicFlow/internal/load"
)

// row is one kind of work that is compared.
type row struct {
	key     string // what it is called in the file of results
	title   string
	spec    load.Spec // without times
	measure measure
	systems []string
	goals   []goal
	rounds  int           // at most so many, where one takes long; 0 has no limit
	time    time.Duration // if it needs another than the others

	// Who needs more in flight than the others, because it waits for an
	// acknowledgement of what it is told.
	inFlight map[string]int
}

// measure is the figure of a report that is compared.
type measure struct {
	of     func(load.Report) float64
	format func(float64) string
	lower  bool // is better
}

// goal is what our figure should be. ratio is ours by that of a peer, and the
// least, or with a measure of which less is better the most; absolute is the most.
type goal struct {
	peer     string
	ratio    float64
	absolute float64
}

// ours is the system that all others are compared with.
const ours = "quic-backbone"

// title returns what a system is called in the document.
func title(system string) string {
	switch system {
	case ours:
		return "QUIC Backbone"
	case "bare":
		return "bare quic-go"
	case "grpc-stream":
		return "gRPC, one stream"
	case "grpc-unary":
		return "gRPC, unary"
	case "nats":
		return "NATS"
	case "mqtt":
		return "MQTT, QoS 1"
	default:
		return system
	}
}

// order is that of the columns.
func order() []string { return []string{ours, "bare", "grpc-stream", "grpc-unary", "nats", "mqtt"} }

func rows() []row {
	var (
		rate    = measure{of: func(r load.Report) float64 { return r.MsgsPerSec }, format: thousands}
		median  = measure{of: func(r load.Report) float64 { return r.P50 }, format: micros, lower: true}
		volume  = measure{of: func(r load.Report) float64 { return r.MBPerSec }, format: unit("%.0f MB/s")}
		opening = measure{of: func(r load.Report) float64 { return r.ConnsPerSec }, format: unit("%.0f")}
		memory  = measure{of: func(r load.Report) float64 { return r.BytesPerConn / 1000 }, format: unit("%.1f KB"), lower: true}
	)
	small := func(work load.Work, conns, inFlight int) load.Spec {
		return load.Spec{Work: work, Conns: conns, InFlight: inFlight, Size: 128}
	}
	all, streams := order(), []string{ours, "bare", "grpc-stream", "nats"}
	told := []string{ours, "bare", "grpc-stream", "nats", "mqtt"}
	return []row{
		{key: "ack-1", title: "1 in flight, p50", spec: small(load.Ack, 1, 1), measure: median, systems: all,
			goals: []goal{{peer: "bare", ratio: 1.15}}},
		{key: "ack-64", title: "64 in flight on 1 connection, per second", spec: small(load.Ack, 1, 64), measure: rate, systems: all,
			goals: []goal{{peer: "grpc-stream", ratio: 1.3}, {peer: "nats", ratio: 2.4}, {peer: "bare", ratio: 0.75}}},
		{key: "ack-512", title: "512 in flight on 1 connection, per second", spec: small(load.Ack, 1, 512), measure: rate, systems: all,
			goals: []goal{{peer: "grpc-stream", ratio: 1.5}, {peer: "nats", ratio: 3}, {peer: "bare", ratio: 0.55}}},
		{key: "ack-32x16", title: "32 connections with 16 each, per second", spec: small(load.Ack, 32, 16), measure: rate, systems: all,
			goals: []goal{{peer: "grpc-stream", ratio: 1.1}, {peer: "nats", ratio: 2.5}, {peer: "bare", ratio: 0.77}}},
		{key: "oneway", title: "one way, counted in the handler, per second", spec: small(load.OneWay, 1, 8), measure: rate, systems: told,
			goals: []goal{{peer: "nats", ratio: 1.3}}, inFlight: map[string]int{"mqtt": 512}},
		{key: "down-64", title: "the hub asks, 64 in flight, per second", spec: small(load.Down, 1, 64), measure: rate, systems: streams,
			goals: []goal{{peer: "nats", ratio: 2.4}}},
		{key: "broadcast-1000", title: "broadcast to 1,000, to the last, p50", spec: small(load.Broadcast, 1000, 1), measure: median, systems: told,
			goals: []goal{{peer: "nats", ratio: 1.2}}, rounds: 3},
		{key: "broadcast-8000", title: "broadcast to 8,000, to the last, p50", spec: small(load.Broadcast, 8000, 1), measure: median, systems: streams,
			goals: []goal{{peer: "bare", ratio: 1.1}}, rounds: 3, time: 5 * time.Second},
		{key: "oneway-16k", title: "payloads of 16 KiB, one way", spec: load.Spec{Work: load.OneWay, Conns: 1, InFlight: 8, Size: 16 << 10}, measure: volume, systems: streams,
			goals: []goal{{peer: "bare", ratio: 0.85}}},
		{key: "oneway-1m", title: "payloads of 1 MiB, one way", spec: load.Spec{Work: load.OneWay, Conns: 1, InFlight: 4, Size: 1 << 20}, measure: volume, systems: streams,
			goals: []goal{{peer: "bare", ratio: 0.85}}},
		{key: "connect", title: "connect, hello, welcome, per second", spec: small(load.Connect, 500, 16), measure: opening, systems: told,
			goals: []goal{{peer: "bare", ratio: 0.85}}},
		{key: "idle-10000", title: "idle connection, 10,000 of them: heap and stacks", spec: small(load.Idle, 10_000, 1), measure: memory, systems: streams,
			goals: []goal{{absolute: 50}}, rounds: 2, time: 20 * time.Second},
	}
}

// met reports whether our figure meets the goal, given the ratio to that of the peer.
func (g goal) met(figure, ratio float64, lower bool) bool {
	switch {
	case g.absolute > 0:
		return figure <= g.absolute
	case lower:
		return ratio <= g.ratio
	default:
		return ratio >= g.ratio
	}
}

func unit(format string) func(float64) string {
	return func(f float64) string { return fmt.Sprintf(format, f) }
}

func thousands(f float64) string {
	switch {
	case f >= 1e6:
		return fmt.Sprintf("%.2f M", f/1e6)
	case f >= 1e5:
		return fmt.Sprintf("%.0f k", f/1e3)
	case f >= 1e3:
		return fmt.Sprintf("%.1f k", f/1e3)
	default:
		return fmt.Sprintf("%.0f", f)
	}
}

func micros(f float64) string {
	switch {
	case f >= 1e5:
		return fmt.Sprintf("%.0f ms", f/1e3)
	case f >= 1e3:
		return fmt.Sprintf("%.1f ms", f/1e3)
	default:
		return strconv.FormatFloat(f, 'f', 0, 64) + " µs"
	}
}
