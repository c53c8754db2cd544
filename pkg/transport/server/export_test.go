package server

// Sources returns how many addresses the hub knows something of.
func Sources(s *Server) int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return len(s.gate.sources)
}

// Share returns how many bytes count for MaxQueueBytesTotal.
func Share(s *Server) int64 { return s.link.Queued() }
