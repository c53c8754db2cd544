package errors_test

import (
	"context"
	"errors"
	"fmt"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// What to do about a message depends on whether it may have been handled.
func Example() {
	decide := func(err error) string {
		switch {
		case err == nil:
			return "done"
		case errors.Is(err, qerrors.ErrUnknownClient):
			return "wait until the client is back"
		case errors.Is(err, qerrors.ErrNotSent):
			return "send it again"
		case errors.Is(err, qerrors.ErrOutcomeUnknown):
			return "ask whether it was handled"
		default:
			return "give up"
		}
	}
	for _, err := range []error{
		qerrors.NotSent(qerrors.New(qerrors.UnknownClient, "no client %q is connected", "client-001")),
		qerrors.NotSent(qerrors.New(qerrors.QueueFull, "4 MiB wait for client-001 already")),
		qerrors.Unknown(qerrors.New(qerrors.Timeout, "no acknowledgement within 5s")),
		fmt.Errorf("updating client-001: %w", qerrors.Unknown(qerrors.New(qerrors.ConnectionLost, "the connection ended"))),
	} {
		fmt.Println(err)
		fmt.Println("   ", decide(err))
	}

	// Output:
	// unknown_client: no client "client-001" is connected (the message was not sent)
	//     wait until the client is back
	// queue_full: 4 MiB wait for client-001 already (the message was not sent)
	//     send it again
	// timeout: no acknowledgement within 5s (the message was sent; whether it was handled is unknown)
	//     ask whether it was handled
	// updating client-001: connection_lost: the connection ended (the message was sent; whether it was handled is unknown)
	//     ask whether it was handled
}

// Codes are for programs, metrics and logs; the standard library's sentinels match too.
func ExampleCodeOf() {
	err := qerrors.New(qerrors.Timeout, "no acknowledgement within 5s")
	fmt.Println(qerrors.CodeOf(err), errors.Is(err, context.DeadlineExceeded))

	code, known := qerrors.ParseCode("queue_full")
	fmt.Printf("%v 0x%02x %v\n", code, uint32(code), known)

	// Output:
	// timeout true
	// queue_full 0x0b true
}
