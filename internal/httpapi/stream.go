package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/voilet/QuicFlow/internal/eventlog"
)

// missed is the name of the event that tells what is missing.
const missed = "missed"

const (
	// keepAlive is how long a stream may be silent: proxies give up on those that
	// are silent for longer, and who has gone without a word is found by writing.
	keepAlive = 15 * time.Second
	// writeTimeout is how long a reader may take to make room for what is written.
	writeTimeout = 10 * time.Second
	// farewell is the same for all that is written after the log was closed.
	farewell = time.Second
)

// stream writes events to one caller, in the form of server-sent events.
type stream struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	buffer []byte      // what is to be written
	stop   func() bool // undoes the tie to the log

	mu   sync.Mutex
	over bool // the log or the stream was closed: the deadline is set for the last time
}

// newStream returns a stream to w that has to end soon after log does.
func newStream(w http.ResponseWriter, log context.Context) *stream {
	s := &stream{w: w, rc: http.NewResponseController(w)}
	s.stop = context.AfterFunc(log, func() { s.limit(farewell, true) })
	return s
}

// close ends what was begun for s. The deadline stays, for what the server has
// yet to write.
func (s *stream) close() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// limit sets how long from now the caller may take to read. A write that waits
// heeds it as well.
func (s *stream) limit(timeout time.Duration, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over = last
	_ = s.rc.SetWriteDeadline(time.Now().Add(timeout)) // fails when the connection has ended
}

// begin makes the caller see at once that it is connected. The id without an event
// is where it is to resume when the connection is lost before the first one.
func (s *stream) begin(id uint64) {
	s.buffer = append(s.buffer, ": events follow\nid: "...)
	s.buffer = strconv.AppendUint(s.buffer, id, 10)
	s.buffer = append(s.buffer, "\n\n"...)
}

// serve writes what the reader reads until the caller is gone or the log closed.
func (s *stream) serve(ctx context.Context, reader *eventlog.Reader) {
	for {
		if err := s.flush(); err != nil {
			return
		}
		wait, cancel := context.WithTimeout(ctx, keepAlive)
		batch, err := reader.Next(wait)
		cancel()
		switch {
		case err == nil:
			s.addBatch(&batch)
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			s.buffer = append(s.buffer, ": nothing new\n\n"...)
		default:
			return
		}
	}
}

func (s *stream) addBatch(batch *eventlog.Batch) {
	if batch.Missed > 0 || batch.Restarted {
		until := time.Now() // what is missing came before the event behind it
		if len(batch.Events) > 0 {
			until = batch.Events[0].Time
		}
		s.addEvent(batch.After, missed, &EventData{Time: until.UnixMilli(), Missed: &batch.Missed, Restarted: batch.Restarted})
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		data := EventData{Time: e.Time.UnixMilli(), ClientID: e.ClientID, MsgID: e.MsgID}
		if e.Kind == eventlog.Disconnect {
			data.Code, data.Reason = e.Code.String(), &e.Reason
		}
		s.addEvent(e.ID, e.Kind.String(), &data)
	}
}

func (s *stream) addEvent(id uint64, name string, data *EventData) {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic("an event cannot be encoded: " + err.Error()) // it has strings and numbers
	}
	s.buffer = append(s.buffer, "id: "...)
	s.buffer = strconv.AppendUint(s.buffer, id, 10)
	s.buffer = append(append(s.buffer, "\nevent: "...), name...)
	s.buffer = append(append(s.buffer, "\ndata: "...), encoded...)
	s.buffer = append(s.buffer, "\n\n"...)
}

// flush writes what was added.
func (s *stream) flush() error {
	s.limit(writeTimeout, false)
	if _, err := s.w.Write(s.buffer); err != nil {
		return err
	}
	s.buffer = s.buffer[:0]
	return s.rc.Flush()
}
