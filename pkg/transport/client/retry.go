package client

import (
	"math/rand/v2"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// hopeless reports whether trying again cannot help.
func hopeless(err error) bool {
	switch qerrors.CodeOf(err) {
	case qerrors.BadCertificate, qerrors.BadAddress, qerrors.Incompatible, qerrors.InvalidClientID,
		qerrors.InvalidConfig, qerrors.ProtocolViolation, qerrors.Unauthenticated, qerrors.NoCredential,
		qerrors.CredentialRevoked, qerrors.CredentialExpired, qerrors.CredentialUsed:
		return true
	default:
		return false
	}
}

// backoff returns a random part of a time that doubles with each wait before in a
// row ("full jitter"), so that clients that were lost together come back apart.
func backoff(initial, highest time.Duration, before int) time.Duration {
	limit := initial
	for ; before > 0 && limit < highest; before-- {
		limit *= 2 // no overflow: fields.MaxDuration is far from it
	}
	return rand.N(min(limit, highest) + 1)
}
