// Package policy decides from a YAML file what clients may send and receive:
//
//	groups:
//	  sensors: [sensor-*, probe-7]
//	rules:
//	  - name: sensors                # for logs and explanations
//	    groups: [sensors]
//	    send:
//	      - types: [event]
//	        max-payload: 64KiB
//	        rate: 10                 # messages a second
//	        burst: 20                # that may come at once; by default those of a second
//	    receive: [command]
//	  - clients: [admin-*]           # ids, in which * stands for any text
//	    send:
//	      - types: ["*"]
//	        to: [sensor-*]           # other clients that a message may be addressed to
//	    receive: ["*"]
//
// The first rule that has a client's id, in clients or by one of its groups, says all that this
// client may do, and the first entry of its send that has the type of a message says how.
// What is not listed is denied: a client without a rule may do nothing.
//
//	file, err := policy.Open("policy.yaml")
//	...
//	srv, err := server.NewServer(&server.ServerConfig{Authorizer: file, ...})
//
// A message over the rate is not lost: it waits, and what the client has sent behind it with the
// same priority does so, too, until QUIC's flow control slows the client down. A rate
// belongs to one entry, for all its types, and to one connection.
package policy

import (
	"slices"
	"strings"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Policy is what a file says. It does not change.
type Policy struct {
	groups map[string]*group
	rules  []*rule
}

type group struct {
	line    int
	clients []pattern
	used    bool
}

// rule says what some clients may do.
type rule struct {
	name    string
	line    int
	clients []pattern
	groups  []string
	send    []*grant
	receive []pattern // types
}

// grant lets clients send messages of some types.
type grant struct {
	line       int
	types      []pattern
	maxPayload int // in bytes; negative for no other limit than the hub's
	rate       float64
	burst      int       // 0 for no limit of the rate
	to         []pattern // clients that the messages may be addressed to, besides the hub
}

// numTypes is how many types of messages are told apart: those that this version knows, and
// all others as the one that is unspecified, which only * has.
const numTypes = int(protocol.MessageType_MESSAGE_TYPE_RESPONSE) + 1

func known(t protocol.MessageType) protocol.MessageType {
	if t < 0 || int(t) >= numTypes {
		return protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED
	}
	return t
}

// match is how a rule comes to be that of a client.
type match struct {
	rule  *rule
	by    pattern
	group string // that has the pattern; empty for the rule itself
}

// find returns the first rule that has a client, which may be none.
func (p *Policy) find(clientID string) (match, bool) {
	for _, r := range p.rules {
		if by, ok := first(r.clients, clientID); ok {
			return match{r, by, ""}, true
		}
		for _, name := range r.groups {
			if by, ok := first(p.groups[name].clients, clientID); ok {
				return match{r, by, name}, true
			}
		}
	}
	return match{}, false
}

// grant returns the first entry for a type, or nil.
func (r *rule) grant(t protocol.MessageType) *grant {
	for _, g := range r.send {
		if hasType(g.types, t) {
			return g
		}
	}
	return nil
}

func (r *rule) receives(t protocol.MessageType) bool {
	return hasType(r.receive, t)
}

// hasType reports whether one of the patterns has a type. Those that this version does not
// know have no name that could be matched.
func hasType(patterns []pattern, t protocol.MessageType) bool {
	if t == protocol.MessageType_MESSAGE_TYPE_UNSPECIFIED {
		return slices.ContainsFunc(patterns, func(p pattern) bool { return strings.Trim(string(p), "*") == "" && p != "" })
	}
	_, ok := first(patterns, t.Name())
	return ok
}
