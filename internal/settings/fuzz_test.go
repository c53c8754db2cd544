package settings_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// FuzzSettings gives a program any file, variables and arguments, one on a line. It runs with
// values that are the same each time, or fails with an error that says it is about its
// configuration.
func FuzzSettings(f *testing.F) {
	for _, seed := range []struct{ file, env, args string }{
		{"", "", ""},
		{"addr: :9\nmax-clients: 7\nlabel: [b, c]\nport:\n  - 1\n", "2s\n64KiB\nb, c\n1,2", "-addr\n:9\n-insecure\n--ratio=.25"},
		{"addr: &a [*a]\n", "\n\n\n", "-port\n1\n-port=x"},
		{"? addr\n: !!binary aGk=\n", "soon", "-h"},
		{"a: &a [x]\nlabel: [*a, *a]\n---\n", "1e9h\n99999999999GiB", "-max-payload=-1"},
		{"<<: {addr: x}\n", "1ns\n0\n,,\n,", "completion\nbash"},
		{"label: !!set {a, b}\n%YAML 9\n", "", "-config=\n--\nx"},
		{"heartbeat-interval: 3s", "", "-help=json"},
	} {
		f.Add(seed.file, seed.env, seed.args)
	}
	f.Fuzz(func(t *testing.T, file, env, args string) {
		if strings.Contains(env, "\x00") {
			t.Skip("no variable can have that")
		}
		values := strings.Split(env, "\n")
		for i, name := range []string{"heartbeat-interval", "max-payload", "label", "port"} {
			if i < len(values) {
				t.Setenv(settings.Env(name), values[i])
			}
		}
		path := filepath.Join(t.TempDir(), "hub.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		words := []string{"quic-server", "-token=x", "-config=" + path}
		if args != "" {
			words = append(words, strings.Split(args, "\n")...)
		}
		first, err := fuzzRun(t, words)
		second, again := fuzzRun(t, words)
		if diff := cmp.Diff(first, second, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); diff != "" || (err == nil) != (again == nil) {
			t.Errorf("two runs differ: %v, %v\n%s", err, again, diff)
		}
		if err != nil && !errors.Is(err, qerrors.ErrInvalidConfig) {
			t.Errorf("the error has not the code InvalidConfig: %v", err)
		}
	})
}

func fuzzRun(t *testing.T, words []string) (got values, err error) {
	cmd := command(&got)
	cmd.Writer, cmd.ErrWriter = io.Discard, io.Discard
	return got, settings.Run(t.Context(), cmd, words)
}
