package execute

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/propagation"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

const prefix = "QUIC_"

// inherited returns the variables of this process that the program may see. What
// this process may have been started within is no trace of a message.
func inherited(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		return strings.HasPrefix(name, prefix) || name == "TRACEPARENT" || name == "TRACESTATE"
	})
}

// variables returns those that describe the message, and the span in ctx if there
// is one.
func variables(ctx context.Context, msg *protocol.DataMessage) []string {
	all := []string{
		prefix + "MESSAGE_ID=" + clean(msg.GetMsgId()),
		prefix + "MESSAGE_TYPE=" + msg.GetType().Name(),
		prefix + "SENDER_ID=" + clean(msg.GetSenderId()),
	}
	span := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, span)
	for name, value := range span {
		all = append(all, strings.ToUpper(name)+"="+value)
	}
	return all
}

// clean makes what a peer chose fit for a variable, which cannot have NUL, and
// for the logs and terminals that scripts print it to.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
