package guides

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		language, shown, output string
		same                    bool
	}{
		{"text", "done\n", "done\n", true},
		{"text", "done\n", "done  \n", true},
		{"text", "done\n", "done", true},
		{"text", "done\n", "well done\n", false},
		{"text", "done\n", "done\nagain\n", false},
		{"text", "a.b\n", "axb\n", false},
		{"text", "", "error\n", false},
		{"text", "the id is …!\n", "the id is 17!\n", true},
		{"text", "the id is …!\n", "the id is 17\n!\n", false},
		{"text", "a\n…\nz\n", "a\nz\n", true},
		{"text", "a\n…\nz\n", "a\nb\nc\nz\n", true},
		{"text", "a\n…\nz\n", "a\nb\nc\n", false},
		{"text", "a  b\n", "a     b\n", true},
		{"text", "a  b\n", "ab\n", false},
		{"text", "time=2026-11-25T01:11:11.738Z level=INFO\n", "time=2027-01-02T03:04:05Z level=INFO\n", true},
		{"text", "time=2026-11-25T01:11:11.738Z level=INFO\n", "time=2027-01-02T03:04:05Z level=WARN\n", false},
		{"text", "127.0.0.1:54937  2h05m 0.42ms\n", "127.0.0.1:40000  3s 12ms\n", true},
		{"text", "127.0.0.1:8475\n", "127.0.0.1:8476\n", false},
		{"text", "for 30s\n", "for good\n", false},
		{"text", "01997f3a-6c1e-7d42-9b7c-5a1f0e4d2b18 ok\n", "01a21041-b678-77cb-a9c9-7946573992d7 ok\n", true},
		{"text", "01997f3a-6c1e-7d42-9b7c-5a1f0e4d2b18 ok\n", "msg-1 ok\n", false},
		{"text", "IN 12\n", "IN 13\n", false},

		{"json", `{"a": 1, "at": 1767225600}`, "{\"at\":1867225601,\"a\":1}\n", true},
		{"json", `{"a": 1}`, `{"a": 2}`, false},
		{"json", `{"a": 24.5}`, `{"a": 2}`, true},
		{"json", `{"a": 24.5}`, `{"a": "2"}`, false},
		{"json", `{"a": 1}`, `{}`, false},
		{"json", `{}`, `{"a": 1}`, false},
		{"json", `{"a": null}`, `{"b": null}`, false},
		{"json", `[1, 2]`, `[1]`, false},
		{"json", `["x …"]`, `["x y"]`, true},
		{"json", `["x"]`, `["y"]`, false},
		{"json", `[true]`, `[false]`, false},
		{"json", "{}\n{}", "{}\n{}\n", true},
		{"json", "{}\n{}", "{}\n", false},
		{"json", "{}", "error", false},
	} {
		err := compare(documents.Block{Language: test.language, Text: test.shown}, test.output)
		if (err == nil) != test.same {
			t.Errorf("%q and %q: %v", test.shown, test.output, err)
		}
	}
}
