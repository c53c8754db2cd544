package settings_test

import (
	"bytes"
	"testing"

	"github.com/voilet/QuicFlow/internal/golden"
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
		golden.Compare(t, "testdata/help.txt", out.String())
	}
}
