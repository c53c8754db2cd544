package link

import (
	"bufio"
	"crypto/rand"
	"sync"

	"github.com/google/uuid"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// ids makes message ids: UUIDs of version 7 (RFC 9562), which sort by time. It
// takes random bytes from the system many at a time, since one call for each
// message is a twentieth of what a message costs.
type ids struct {
	mu     sync.Mutex
	random *bufio.Reader // made with the first id
}

func (i *ids) next() (string, error) {
	i.mu.Lock()
	if i.random == nil {
		i.random = bufio.NewReaderSize(rand.Reader, 1<<10)
	}
	id, err := uuid.NewV7FromReader(i.random)
	i.mu.Unlock()
	if err != nil {
		return "", qerrors.New(qerrors.Internal, "no random bytes for a message id: %w", err)
	}
	return id.String(), nil
}
