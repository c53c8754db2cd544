package server_test

import (
	"context"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// blocked returns a handler that waits for release.
func blocked(release <-chan struct{}) dispatcher.HandlerFunc {
	return func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) {
		<-release
		return nil, nil
	}
}
