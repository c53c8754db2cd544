package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// installed returns a file of deploy/systemd with the paths that it has in a test: etc in
// the place of /etc/quic-backbone, and programs where they were built.
func installed(t *testing.T, name, etc string) string {
	t.Helper()
	return strings.NewReplacer("/etc/quic-backbone", etc, "/usr/local/bin", built.bin).Replace(shipped(t, "systemd/"+name))
}

// directive returns the value of a directive of a unit.
func directive(t *testing.T, unit, name string) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(unit)
	if match == nil {
		t.Fatalf("the unit has no %s", name)
	}
	return match[1]
}

// analyze runs systemd-analyze and returns what it says.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), need(t, "systemd-analyze"), args...).CombinedOutput()
	return string(out), err
}

// TestUnits: systemd has nothing to say against the units, and finds them well protected.
func TestUnits(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"quic-server.service", "quic-client.service"} {
		dir := t.TempDir()
		text := installed(t, name, dir)
		file, wrong := filepath.Join(dir, name), filepath.Join(dir, "wrong.service")
		write(t, file, text)
		write(t, wrong, replace(t, text, "ProtectSystem=", "ProtectSystems="))
		if out, err := analyze(t, "verify", "--man=no", file); err != nil || out != "" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if out, _ := analyze(t, "verify", "--man=no", wrong); !strings.Contains(out, "ProtectSystems") {
			t.Errorf("a wrong directive in %s is not found: %s", name, out)
		}
		if out, err := analyze(t, "security", "--no-pager", "--offline=true", "--threshold=15", file); err != nil {
			t.Errorf("%s is exposed by more than 1.5: %v\n%s", name, err, out)
		}
	}
}

// TestUnitsWaitForTheDrain: systemd kills nothing that the programs still give time.
func TestUnitsWaitForTheDrain(t *testing.T) {
	for unit, settings := range map[string]string{"quic-server.service": "server.yaml", "quic-client.service": "client.yaml"} {
		var file struct {
			Drain time.Duration `yaml:"drain-timeout"`
		}
		if err := yaml.Load([]byte(installed(t, settings, "")), &file); err != nil {
			t.Fatal(err)
		}
		stop, err := time.ParseDuration(directive(t, installed(t, unit, ""), "TimeoutStopSec") + "s")
		if err != nil || file.Drain == 0 || stop <= file.Drain {
			t.Errorf("%s kills after %v, and %s drains for %v (%v)", unit, stop, settings, file.Drain, err)
		}
	}
}

// TestUnitsStart starts what the units start, with the settings beside them.
func TestUnitsStart(t *testing.T) {
	t.Parallel()
	etc := t.TempDir()
	for _, name := range []string{"server.yaml", "client.yaml"} {
		write(t, filepath.Join(etc, name), installed(t, name, etc))
	}
	ca, err := os.ReadFile(filepath.Join(built.certs, certs.CACertFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(etc, "ca.crt"), string(ca))
	begin := func(unit string, env ...string) *testprocess.Process {
		command := strings.ReplaceAll(directive(t, installed(t, unit, etc), "ExecStart"), "${CREDENTIALS_DIRECTORY}", built.certs)
		words := strings.Fields(command)
		return start(t, env, filepath.Base(words[0]), words[1:]...)
	}
	hub := begin("quic-server.service", "QUIC_ADDR=127.0.0.1:0", "QUIC_API=127.0.0.1:0", "QUIC_METRICS=127.0.0.1:0")
	addr := regexp.MustCompile(`"addr":"([^"]+)"`).FindStringSubmatch(hub.Await(`"msg":"listening"`))
	agent := begin("quic-client.service", "QUIC_ID=edge-17", "QUIC_SERVER="+addr[1])
	hub.Await(`"client_id":"edge-17"`)
	if a, h := agent.Stop(), hub.Stop(); a != 0 || h != 0 {
		t.Errorf("the agent ended with %d, the hub with %d", a, h)
	}
}
