package quicnet_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestCloseCodes: a peer may close with any number of 62 bits. What is no code that
// a peer can have a reason for counts as internal, and never as another code or as
// something that only this side can know.
func TestCloseCodes(t *testing.T) {
	said := map[quic.ApplicationErrorCode]bool{}
	for _, code := range []qerrors.Code{
		qerrors.OK, qerrors.PayloadTooLarge, qerrors.Draining, qerrors.ProtocolViolation, qerrors.FrameTooLarge,
		qerrors.HelloTimeout, qerrors.InvalidClientID, qerrors.TooManyClients, qerrors.Replaced,
		qerrors.HeartbeatTimeout, qerrors.Disconnected, qerrors.Unauthenticated, qerrors.NoCredential,
		qerrors.CredentialRevoked, qerrors.CredentialExpired, qerrors.CredentialUsed,
	} {
		said[quic.ApplicationErrorCode(code)] = true
	}
	numbers := []quic.ApplicationErrorCode{
		1 << 20, math.MaxUint32, 1 << 32, 1<<32 | quic.ApplicationErrorCode(qerrors.Replaced), 1<<62 - 1,
	}
	for code := range quic.ApplicationErrorCode(2 * qerrors.NumCodes) {
		numbers = append(numbers, code)
	}
	for _, number := range numbers {
		want := qerrors.Internal
		if said[number] {
			want = qerrors.Code(number)
		}
		err := quicnet.Translate(fmt.Errorf("lost: %w", &quic.ApplicationError{Remote: true, ErrorCode: number, ErrorMessage: "why"}))
		var e *qerrors.Error
		if !errors.As(err, &e) || e.Code != want || !e.Remote || e.Message != "why" {
			t.Errorf("closed by the peer with %#x: %v, want %v", uint64(number), err, want)
		}
	}
}

// TestOwnCloseCodes: what this side has closed with is what it was, whatever it is.
func TestOwnCloseCodes(t *testing.T) {
	for code := range qerrors.Code(qerrors.NumCodes) {
		err := quicnet.Translate(&quic.ApplicationError{ErrorCode: quic.ApplicationErrorCode(code)})
		var e *qerrors.Error
		if !errors.As(err, &e) || e.Code != code || e.Remote {
			t.Errorf("closed here with %v: %v", code, err)
		}
	}
}
