package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/load"
)

// made is results that somebody made up.
func made() *results {
	reports := func(figures ...float64) []load.Report {
		var all []load.Report
		for _, f := range figures {
			all = append(all, load.Report{MsgsPerSec: f, P50: f, BytesPerConn: f, HubCPUPerMsg: f / 1000, LoadCPUPerMsg: 12.34})
		}
		return all
	}
	failed := load.Report{MsgsPerSec: 1e9, Errors: 1}
	kept := func(reports map[string][]load.Report) *rowResults {
		return &rowResults{When: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Machine: machine{
			CPU: "Abacus", Cores: 2, Memory: 24, Kernel: "Linux 6", Go: "go1.26", Versions: map[string]string{"quic-go": "v0.65.0", "nats.go": "v1"},
		}, Reports: reports}
	}
	return &results{Rows: map[string]*rowResults{
		"ack-1":      kept(map[string][]load.Report{ours: reports(43, 41, 90), "bare": reports(40, 40, 40)}),
		"ack-64":     kept(map[string][]load.Report{ours: reports(1000, 3000, 2000), "nats": reports(500, 3000, 1e6), "bare": {failed}, "grpc-stream": append(reports(1000), failed)}),
		"idle-10000": kept(map[string][]load.Report{ours: reports(49_900)}),
	}}
}

func TestTables(t *testing.T) {
	r := made()
	golden.Compare(t, "testdata/tables.golden", figures(r)+"\n"+goals(r)+"\n"+costs(r)+"\n"+places(r))
	golden.Compare(t, "testdata/chart.svg", chart(r))
}

// TestDocumentIsCurrent: what docs/performance.md shows is what the file of results
// has.
func TestDocumentIsCurrent(t *testing.T) {
	r, err := readResults("results.json")
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join("..", "..", "docs")
	document, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := filled(string(document), r)
	if err != nil || want != string(document) {
		t.Errorf("docs/performance.md is not current: run bench-peers render; %v", err)
	}
	drawn, err := os.ReadFile(filepath.Join(docs, "performance.svg"))
	if err != nil || string(drawn) != chart(r) {
		t.Errorf("docs/performance.svg is not current: run bench-peers render; %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		figures []float64
		want    float64
		ok      bool
	}{{nil, 0, false}, {[]float64{3}, 3, true}, {[]float64{9, 1, 2}, 2, true}, {[]float64{4, 1, 9, 2}, 3, true}} {
		if got, ok := median(test.figures); got != test.want || ok != test.ok {
			t.Errorf("the median of %v is %v, %v; want %v", test.figures, got, ok, test.want)
		}
	}
}

// TestRatios: each is that of a round, and what failed counts nowhere.
func TestRatios(t *testing.T) {
	row := made().Rows["ack-64"]
	rate := measure{of: func(r load.Report) float64 { return r.MsgsPerSec }}
	for _, test := range []struct {
		peer string
		want float64
		ok   bool
	}{{"nats", 1, true}, {"grpc-stream", 1, true}, {"bare", 0, false}, {"mqtt", 0, false}} {
		if got, ok := row.ratio(test.peer, rate); got != test.want || ok != test.ok {
			t.Errorf("%s: %v, %v; want %v, %v", test.peer, got, ok, test.want, test.ok)
		}
	}
}

func TestGoals(t *testing.T) {
	for _, test := range []struct {
		goal          goal
		figure, ratio float64
		lower, want   bool
	}{
		{goal{ratio: 1.3}, 0, 1.3, false, true},
		{goal{ratio: 1.3}, 0, 1.29, false, false},
		{goal{ratio: 1.15}, 0, 1.15, true, true},
		{goal{ratio: 1.15}, 0, 1.16, true, false},
		{goal{absolute: 50}, 50, 0, true, true},
		{goal{absolute: 50}, 50.1, 0, true, false},
	} {
		if got := test.goal.met(test.figure, test.ratio, test.lower); got != test.want {
			t.Errorf("%+v", test)
		}
	}
}

// TestTurns: each system is measured first in some round.
func TestTurns(t *testing.T) {
	c := &comparison{}
	row := rows()[0]
	first := map[string]bool{}
	for round := range len(row.systems) {
		turn := c.turn(row, round)
		first[turn[0]] = true
		if len(turn) != len(row.systems) {
			t.Errorf("round %d measures %q", round, turn)
		}
	}
	if len(first) != len(row.systems) {
		t.Errorf("only %v are ever first", first)
	}
}
