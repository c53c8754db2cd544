package settings_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesWithoutSettings(t *testing.T) {
	for _, file := range []string{"\n", "# nothing yet\n", "---\n", "{}\n"} {
		got, err := run(t, file)
		if diff := cmp.Diff(defaults(), got); diff != "" || err != "" {
			t.Errorf("file %q: error %q, values (-want +got):\n%s", file, err, diff)
		}
	}
}

// TestTextIsTakenAsWritten: what YAML would read as a number or a date stays text.
func TestTextIsTakenAsWritten(t *testing.T) {
	for _, text := range []string{"007", "1e3", "2026-01-02", "yes", "0x10", "a: b", " c "} {
		if got, err := run(t, "addr: '"+text+"'"); err != "" || got.Addr != text {
			t.Errorf("quoted %q gives %q and error %q", text, got.Addr, err)
		}
	}
	for _, text := range []string{"007", "1e3", "2026-01-02", "yes", "0x10"} {
		if got, err := run(t, "addr: "+text); err != "" || got.Addr != text {
			t.Errorf("bare %q gives %q and error %q", text, got.Addr, err)
		}
	}
	if got, err := run(t, "addr: &a :5\nlabel: [*a]"); err != "" || !cmp.Equal(got.Labels, []string{":5"}) {
		t.Errorf("an alias gives %q and error %q", got.Labels, err)
	}
}

func TestWrongFiles(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"unknown key", "addr: :9\nheartbeat-intervall: 3s", "FILE:2: unknown key heartbeat-intervall (did you mean heartbeat-interval?)"},
		{"underscores", "heartbeat_interval: 3s", "FILE:1: unknown key heartbeat_interval (did you mean heartbeat-interval?)"},
		{"twice", "addr: :9\n\naddr: :8", "FILE:3: addr is set a second time, first on line 1; remove one"},
		{"not a duration", "addr: :9\nheartbeat-interval: 15", `FILE:2: heartbeat-interval: cannot use "15": it takes a duration such as 15s or 1m30s`},
		{"not a number", "max-clients: 12x", `FILE:1: max-clients: cannot use "12x": it takes a whole number`},
		{"not a size", "max-payload: 1MB", `FILE:1: max-payload: cannot use "1MB": not a whole number of bytes, KiB, MiB or GiB`},
		{"not a switch", "insecure: yes", `FILE:1: insecure: cannot use "yes": it takes true or false`},
		{"not an item", "port:\n - 1\n - x", `FILE:3: port: cannot use "x": it takes a whole number`},
		{"list for one value", "addr: [a, b]", "FILE:1: addr takes one value, not a list"},
		{"mapping", "addr:\n  host: a", "FILE:2: addr takes plain values, not a mapping or a list within a list"},
		{"list in a list", "label:\n- [a]", "FILE:2: label takes plain values, not a mapping or a list within a list"},
		{"no value", "addr:\n", `FILE:1: addr has no value; remove the line, or write "" for an empty text`},
		{"null item", "label: [~]", `FILE:1: label has no value; remove the line, or write "" for an empty text`},
		{"not a mapping", "- addr", "FILE:1: want a line for each setting, such as log-level: debug"},
		{"text", "addr", "FILE:1: want a line for each setting, such as log-level: debug"},
		{"documents", "addr: :9\n---\naddr: :8", "FILE:2: a second document begins here; put all settings into one"},
		{"syntax", "addr: :9\n  port: 1", "FILE:2: not valid YAML: mapping values are not allowed in this context"},
		{"binary", "addr: \xff\xfe", "FILE: not valid YAML: go-yaml load error in reader at <unknown position>: invalid leading UTF-8 octet (value: 255)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := run(t, tt.file); err != "invalid_config: "+tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// TestKeysThatAreNoSettings: a file cannot name another, or ask for help.
func TestKeysThatAreNoSettings(t *testing.T) {
	for _, key := range []string{"config", "help", "h", "version"} {
		if _, err := run(t, key+": true"); !strings.HasPrefix(err, "invalid_config: FILE:1: unknown key "+key) {
			t.Errorf("key %s gives error %q", key, err)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	folder := t.TempDir()
	tests := []struct{ path, want string }{
		{filepath.Join(folder, "none.yaml"), "open " + folder + "/none.yaml: no such file or directory"},
		{folder, "read " + folder + ": is a directory"},
	}
	for _, tt := range tests {
		_, err := run(t, "", "-config", tt.path)
		want := "invalid_config: cannot read the settings: " + tt.want + "; correct -config or QUIC_CONFIG"
		if err != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}
