package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestDocuments is what "make lint" checks, for who runs only the tests.
func TestDocuments(t *testing.T) {
	if err := run(filepath.Join("..", ".."), true); err != nil {
		t.Error(err)
	}
}

func TestFill(t *testing.T) {
	tables := map[string]func() (string, error){
		"good": func() (string, error) { return "| a |\n", nil },
		"bad":  func() (string, error) { return "", errors.New("no data") },
	}
	const before = "x\n<!-- begin good: y -->\nold\n<!-- end good -->\nz\n<!-- begin good: y -->\n<!-- end good -->\n"
	const after = "x\n<!-- begin good: y -->\n\n| a |\n\n<!-- end good -->\nz\n<!-- begin good: y -->\n\n| a |\n\n<!-- end good -->\n"
	for _, test := range []struct{ text, want, problem string }{
		{"nothing to fill\n", "nothing to fill\n", ""},
		{before, after, ""},
		{after, after, ""},
		{"<!-- begin good: y -->\nold\n", "", "no \"<!-- end good -->\""},
		{"<!-- begin other: y -->\n<!-- end other -->\n", "", "no table \"other\""},
		{"<!-- begin bad: y -->\n<!-- end bad -->\n", "", "no data"},
	} {
		got, err := fill(test.text, tables)
		if got != test.want || (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q: got %q, %v", test.text, got, err)
		}
	}
}

func TestUpdate(t *testing.T) {
	root := t.TempDir()
	document := filepath.Join(root, "docs", "a.md")
	if err := os.Mkdir(filepath.Dir(document), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(document, []byte("<!-- begin metrics: x -->\n<!-- end metrics -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true); err == nil || !strings.Contains(err.Error(), "make generate") {
		t.Errorf("a document that is not current: %v", err)
	}
	if err := run(root, false); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true); err != nil {
		t.Errorf("a document that was just written: %v", err)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `quic_backbone_connected_clients` | gauge |  |", "| `quic_backbone_round_trip_seconds` | histogram | `type`: `command`",
		"`reason`: `connection_lost`, `draining`", "`status`: `failure`, `success`, `timeout`",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}
