package monitoring_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// TestLogger compares lines of all levels, from loggers of all levels, with
// testdata/log.golden, which UPDATE_GOLDEN=1 writes anew.
func TestLogger(t *testing.T) {
	var got strings.Builder
	for _, format := range []string{"text", "json", "", "xml"} {
		for _, level := range []monitoring.LogLevel{
			monitoring.LogLevelDebug, monitoring.LogLevelInfo, monitoring.LogLevelWarn, monitoring.LogLevelError,
		} {
			got.WriteString("NewLogger(" + level.String() + ", \"" + format + "\")\n")
			got.WriteString(standardError(t, func() {
				log := monitoring.NewLogger(level, format)
				log.Debug("one", "client_id", "client 1")
				log.Info("two", "err", errors.New("a \"quoted\" text"))
				log.Warn("three", "after", 1500*time.Millisecond)
				log.Error("four", "strikes", 3)
			}))
		}
	}
	text := regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`).ReplaceAllString(got.String(), "TIME")
	golden.Compare(t, "testdata/log.golden", text)
}

// standardError returns what f writes to standard error.
func standardError(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer func(before *os.File) { os.Stderr = before }(os.Stderr)
	os.Stderr = file
	f()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
