package monitoring_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// TestErrorLog: what net/http complains about can be limited like everything else.
func TestErrorLog(t *testing.T) {
	var log testnet.Log
	repeats := monitoring.NewRepeats(log.Logger().Handler())
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusTeapot)
	}))
	api.Config.ErrorLog = monitoring.NewErrorLog(slog.New(repeats), slog.LevelWarn, "the API")
	api.Start()
	t.Cleanup(api.Close)
	for range 3 {
		response, err := api.Client().Get(api.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	api.Close()
	repeats.Flush()
	const line = `WARN "the API" error="http: superfluous response.WriteHeader call`
	if got := log.Take(); len(got) != 2 || !strings.HasPrefix(got[0], line) || !strings.HasPrefix(got[1], line) || !strings.HasSuffix(got[1], " repeated=2") {
		t.Errorf("the log has %q", got)
	}
}
