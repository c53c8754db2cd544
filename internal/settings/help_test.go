package settings_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/settings"
)

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-addr=:9", "-help", "-nonsense"}} {
		var got values
		var out bytes.Buffer
		cmd := command(&got)
		cmd.Writer = &out
		cmd.Version = "1.2.3"
		cmd.Description = "Clients dial in over QUIC and keep one connection each.\nThe hub answers, forwards and broadcasts."
		t.Setenv("QUIC_CONFIG", "/nowhere") // help does not depend on it
		if err := settings.Run(t.Context(), cmd, append([]string{"quic-server"}, args...)); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/help.txt", out.String())
	}
}

// golden compares got with the file at path; UPDATE_GOLDEN=1 writes it anew.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
