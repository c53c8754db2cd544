package execute

import "time"

// SetPipeDelay sets how long output is awaited after the program ended.
func (h *Handler) SetPipeDelay(d time.Duration) { h.pipeDelay = d }
