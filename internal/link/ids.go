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
// message is a twentieth of what a message costs, and from a reader of each
// processor's own, since hundreds of senders would queue up for one.
type ids struct {
	readers sync.Pool
}

func (i *ids) next() (string, error) {
	random, ok := i.readers.Get().(*bufio.Reader)
	if !ok {
		random = bufio.NewReaderSize(rand.Reader, 1<<10)
	}
	id, err := uuid.NewV7FromReader(random)
	i.readers.Put(random)
	if err != nil {
		return "", qerrors.New(qerrors.Internal, "no random bytes for a message id: %w", err)
	}
	return id.String(), nil
}
