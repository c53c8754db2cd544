package console

// ForTerminal is what WriteBytes writes to a terminal.
func ForTerminal(data []byte) []byte { return forTerminal(data) }
