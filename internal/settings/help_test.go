package settings_test

import (
	"bytes"
	"encoding/json"
	"strings"
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

// TestDescription: -help=json says of each flag what the help says.
func TestDescription(t *testing.T) {
	out, help := printed(t, "-help=json"), printed(t, "-help")
	var d settings.Description
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	folded := strings.Join(strings.Fields(help), " ")
	if len(d.Flags) < 3 {
		t.Errorf("only %d flags are described", len(d.Flags))
	}
	for _, f := range d.Flags {
		for _, want := range []string{"-" + f.Names[0], f.Usage, f.Env, f.Default} {
			if !strings.Contains(folded, want) {
				t.Errorf("the help has no %q: %s", want, help)
			}
		}
		if key := strings.ToUpper(strings.ReplaceAll(f.Key, "-", "_")); key != "" && f.Env != "QUIC_"+key {
			t.Errorf("the key is %q, the variable %q", f.Key, f.Env)
		}
	}
}

// printed returns what the program prints.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var got values
	var out bytes.Buffer
	cmd := command(&got)
	cmd.Writer = &out
	if err := settings.Run(t.Context(), cmd, append([]string{"quic-server"}, args...)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
