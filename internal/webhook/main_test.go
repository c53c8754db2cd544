package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/webhook"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

var _ dispatcher.Handler = (*webhook.Handler)(nil)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience bounds what must happen sooner or later.
const patience = 30 * time.Second

// serve starts a webhook.
func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

func newHandler(t *testing.T, url string, o webhook.Options) *webhook.Handler {
	t.Helper()
	h, err := webhook.New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func command(payload string) *protocol.DataMessage {
	return &protocol.DataMessage{
		MsgId: "m-1", SenderId: "client-001",
		Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, Payload: []byte(payload),
	}
}

// ask has h handle msg within the time of a handler.
func ask(t *testing.T, h *webhook.Handler, msg *protocol.DataMessage) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := h.OnMessage(ctx, msg)
	return string(result.GetPayload()), err
}

// wantFailure checks that err is a failure of the handler with this text.
func wantFailure(t *testing.T, err error, text string) {
	t.Helper()
	var e *qerrors.Error
	if !errors.As(err, &e) || e.Code != qerrors.HandlerFailed || e.Message != text {
		t.Errorf("got  %v\nwant %s", err, text)
	}
}
