package chaos

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// swing is what the clock of a program does whose time.Now is replaced with this: it is set
// back and forward by two hours, again and again, from when the certificates have been
// looked at. Time that is measured, which is that of the monotonic clock, goes on.
const swing = `
func swing(mono int64) int64 {
	if since := (mono - startNano) / 700e6; since > 2 && since%2 == 1 {
		return -2 * 3600
	}
	return 0
}
`

// withSwingingClock builds this test as a program whose clock is set back and forward.
// Nobody may do that to the machine's own.
func withSwingingClock(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const now = "sec, nsec, mono := runtimeNow()\n"
	changed := strings.ReplaceAll(string(source), now, now+"\tsec += swing(mono)\n") + swing
	if !strings.Contains(changed, "sec += swing") {
		t.Skip("the package time of this Go has another time.Now")
	}
	dir := t.TempDir()
	replacement, overlay, program := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "swinging")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{replacement: []byte(changed), overlay: text} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"test", "-c", "-overlay", overlay, "-o", program}
	if testprocess.Racing() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// swung reports whether the clock of who has kept the journal was set back.
func swung(j *journal) bool {
	for _, f := range j.Sent {
		if f.Ended.Before(j.Begun) {
			return true
		}
	}
	return false
}
