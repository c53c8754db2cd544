package client

// State is what a client is doing.
type State int32

// The states, in the order of a client's life.
const (
	StateIdle         State = iota // Connect has not been called, or has failed
	StateConnecting                // trying for the first time
	StateConnected                 // the session is open
	StateReconnecting              // the connection was lost; trying, or waiting to try again
	StateClosed                    // closed, or given up: see Err
)

// String returns the name of the state in lower case.
func (s State) String() string {
	switch s {
	case StateIdle:
		return "idle"
	case StateConnecting:
		return "connecting"
	case StateConnected:
		return "connected"
	case StateReconnecting:
		return "reconnecting"
	default:
		return "closed"
	}
}
