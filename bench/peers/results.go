package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/voilet/QuicFlow/internal/load"
)

// results is all that was measured, as it is kept in a file: what documents say is
// made from that.
type results struct {
	Rows map[string]*rowResults `json:"rows"`
}

// rowResults is a row of one run of compare.
type rowResults struct {
	When    time.Time                `json:"when"`
	Machine machine                  `json:"machine"`
	Seconds float64                  `json:"seconds"` // of each measurement
	Load    [2]float64               `json:"load"`    // the system's load average before and after
	Reports map[string][]load.Report `json:"reports"` // by system, one for each round
}

// readResults returns what the file has; a file that is not there has nothing.
func readResults(path string) (*results, error) {
	r := &results{Rows: map[string]*rowResults{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(text, r)
}

func (r *results) write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// figure returns the median of a system's figures, and false if there is none
// without errors.
func (r *rowResults) figure(system string, m measure) (float64, bool) {
	var figures []float64
	for _, report := range r.Reports[system] {
		if report.Errors == 0 {
			figures = append(figures, m.of(report))
		}
	}
	return median(figures)
}

// ratio returns the median of the ratios of our figure to that of a peer, each of
// one round: what disturbs a round disturbs both.
func (r *rowResults) ratio(peer string, m measure) (float64, bool) {
	var ratios []float64
	own, theirs := r.Reports[ours], r.Reports[peer]
	for round := range min(len(own), len(theirs)) {
		if own[round].Errors == 0 && theirs[round].Errors == 0 && m.of(theirs[round]) > 0 {
			ratios = append(ratios, m.of(own[round])/m.of(theirs[round]))
		}
	}
	return median(ratios)
}

func median(figures []float64) (float64, bool) {
	if len(figures) == 0 {
		return 0, false
	}
	slices.Sort(figures)
	middle := len(figures) / 2
	if len(figures)%2 == 1 {
		return figures[middle], true
	}
	return (figures[middle-1] + figures[middle]) / 2, true
}
