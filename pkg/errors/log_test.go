package errors_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestCodesInLogs: both formats of log/slog show a code by its name.
func TestCodesInLogs(t *testing.T) {
	var text, json bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&json, nil)} {
		slog.New(handler).Info("m", "code", qerrors.IdleTimeout, "other", qerrors.Code(1000))
	}
	if want := " code=idle_timeout other=code_1000\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("text: %s", text.String())
	}
	if want := `"code":"idle_timeout","other":"code_1000"}` + "\n"; !strings.HasSuffix(json.String(), want) {
		t.Errorf("JSON: %s", json.String())
	}
}
