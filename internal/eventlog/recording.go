package eventlog

import "time"

// record begins to record messages for a reader. Those that came since the last
// recording count as lost: a reader that comes back is told. The caller holds mu.
func (l *Log) record() {
	l.readers++
	if l.silence != nil {
		l.silence.Stop()
		l.silence = nil
	}
	if l.isClosed() || l.recording.Swap(true) {
		return
	}
	// In this order, here and in stopRecording, so that a message that comes
	// meanwhile may be counted too often and is never lost unseen.
	if received := l.received(); received > l.unrecorded {
		l.lose(Message, received-l.unrecorded)
	}
}

// release notes that a reader of messages has left. The caller holds mu.
func (l *Log) release() {
	if l.readers--; l.readers == 0 && !l.isClosed() {
		l.silence = time.AfterFunc(linger, l.stopRecording)
	}
}

func (l *Log) stopRecording() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readers > 0 || l.isClosed() || !l.recording.Load() {
		return
	}
	l.unrecorded = l.received()
	l.recording.Store(false)
}
