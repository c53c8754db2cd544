package settings_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/settings"
)

// TestHelp compares with testdata/help.txt; UPDATE_GOLDEN=1 writes it anew.
func TestHelp(t *testing.T) {
	const golden = "testdata/help.txt"
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
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", args, diff)
		}
	}
}
