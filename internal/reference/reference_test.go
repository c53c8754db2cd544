package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
	table := func(name string) (string, error) {
		if name == "good" {
			return "| a |\n", nil
		}
		return "", errors.New("no data")
	}
	const before = "x\n<!-- begin good: y -->\nold\n<!-- end good -->\nz\n<!-- begin good: y -->\n<!-- end good -->\n"
	const after = "x\n<!-- begin good: y -->\n\n| a |\n\n<!-- end good -->\nz\n<!-- begin good: y -->\n\n| a |\n\n<!-- end good -->\n"
	for _, test := range []struct{ text, want, problem string }{
		{"nothing to fill\n", "nothing to fill\n", ""},
		{before, after, ""},
		{after, after, ""},
		{"<!-- begin good: y -->\nold\n", "", "no \"<!-- end good -->\""},
		{"<!-- begin bad: y -->\n<!-- end bad -->\n", "", "no data"},
	} {
		got, err := fill(test.text, table)
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
		"`reason`: `canceled`, `connection_lost`, `draining`", "`status`: `failure`, `success`, `timeout`",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

// TestTables: each table has what it is about, in the language of the document, or
// an error that names the texts that have no translation.
func TestTables(t *testing.T) {
	root := filepath.Join("..", "..")
	for name, want := range map[string]string{
		"server-flags": "| `-max-clients N` | `10000` | `QUIC_MAX_CLIENTS` | `max-clients` | clients connected at once |",
		"client-flags": "| `-id ID` | required | `QUIC_ID` | `id` |",
		"codes":        "| `queue_full` | 0x0b | the outgoing queue of this connection is full |",
		"endpoints":    "| `GET /api/clients/{id}` | Look at one connected client | 404, 500 |",
		"ctl-commands": "| `quic-ctl qlog stop ID` | end a trace |",
		"alerts":       "| `QuicBackboneHubDown` | critical | `up{job=\"quic-backbone\"} == 0`, 1m | The hub has ended or hangs,",
		"ctl-flags": "**`quic-ctl send`**\n\n| flag | default | environment | key in the file | meaning |\n|---|---|---|---|---|\n" +
			"| `-client ID` | required | `QUIC_SEND_CLIENT` | `send-client` |",
		"problems":      "| 429 | `queue_full`, `too_many_promises`, `too_many_requests` | Too much is under way: try again later. |",
		"server-config": "| `TLSCertFile`, `TLSKeyFile` | `string` | TLSCertFile and TLSKeyFile name the server's certificate and key in PEM. Both are required",
		"client-config": "| `InitialBackoff`, `MaxBackoff` | `time.Duration` |",
	} {
		got, err := newReference(root, nil).table(name)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v, want %s in\n%s", name, err, want, got)
		}
	}
	if _, err := newReference(root, nil).table("kettles"); err == nil || !strings.Contains(err.Error(), `no table "kettles"`) {
		t.Errorf("a table that does not exist: %v", err)
	}
	chinese := newReference(root, language{"code": "代码", "number": "编号"})
	got, err := chinese.table("codes")
	if err != nil || !strings.HasPrefix(got, "| 代码 | 编号 |") {
		t.Errorf("%v, got %s", err, got)
	}
	if err := chinese.untranslated(); err == nil || !strings.Contains(err.Error(), "\n\"meaning\": \n") {
		t.Errorf("with texts that have no translation: %v", err)
	}
}

// TestChinese: zh.yaml has every text of every table, whether a document in docs/zh
// has that table or not, and no other.
func TestChinese(t *testing.T) {
	root := filepath.Join("..", "..")
	chinese, err := readLanguage("zh.yaml")
	if err != nil {
		t.Fatal(err)
	}
	problems, err := newReference(root, chinese).table("problems")
	if want := "`connection_lost`、`invalid_config` | 客户端在此期间断开了连接。中心节点"; err != nil || !strings.Contains(problems, want) {
		t.Errorf("%v, want %s in\n%s", err, want, problems)
	}
	r := newReference(root, language{}) // to which every text is missing
	for name, table := range r.tables() {
		if _, err := table(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for english := range chinese {
		if !slices.Contains(r.missing, english) {
			t.Errorf("no table has this text any more: remove it from zh.yaml\n%q", english)
		}
	}
	r.missing = slices.DeleteFunc(r.missing, func(english string) bool { return chinese[english] != "" })
	if err := r.untranslated(); err != nil {
		t.Error(err)
	}
}
