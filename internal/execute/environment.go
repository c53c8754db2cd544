package execute

import (
	"slices"
	"strings"
	"unicode"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

const prefix = "QUIC_"

// inherited returns the variables of this process that the program may see.
func inherited(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(strings.ToUpper(variable), prefix)
	})
}

// variables returns those that describe the message.
func variables(msg *protocol.DataMessage) []string {
	return []string{
		prefix + "MESSAGE_ID=" + clean(msg.GetMsgId()),
		prefix + "MESSAGE_TYPE=" + msg.GetType().Name(),
		prefix + "SENDER_ID=" + clean(msg.GetSenderId()),
	}
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
