package protocol

import "strings"

const typePrefix = "MESSAGE_TYPE_"

// Name returns the type's short name in lower case, such as "command"; of a type
// that this version does not know, its number.
func (t MessageType) Name() string {
	return strings.ToLower(strings.TrimPrefix(t.String(), typePrefix))
}

// Name returns the status's short name in lower case, such as "success"; of a
// status that this version does not know, its number.
func (s AckStatus) Name() string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "ACK_STATUS_"))
}

// MarshalText returns the name, which is what encoding/json makes of a type and of a
// key that is one.
func (t MessageType) MarshalText() ([]byte, error) { return []byte(t.Name()), nil }

// MarshalText returns the name, as for types.
func (s AckStatus) MarshalText() ([]byte, error) { return []byte(s.Name()), nil }

// ParseMessageType returns the type with this short name, and whether there is one
// that can be sent to ask for something or tell it: "command", "event" or "query".
func ParseMessageType(name string) (MessageType, bool) {
	switch name {
	case "command":
		return MessageType_MESSAGE_TYPE_COMMAND, true
	case "event":
		return MessageType_MESSAGE_TYPE_EVENT, true
	case "query":
		return MessageType_MESSAGE_TYPE_QUERY, true
	default:
		return MessageType_MESSAGE_TYPE_UNSPECIFIED, false
	}
}
