package apiclient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// maxEvent is the most that is kept of an event that does not end.
const maxEvent = 1 << 20

// message is one event of a stream.
type message struct {
	id    string // the last one that there was
	event string
	data  []byte
}

// stream reads server-sent events, as the HTML standard defines them
// (https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6).
type stream struct {
	in      *bufio.Reader
	begun   bool // the first line has been read
	cr      bool // the last line ended with CR, so a LF belongs to its end
	line    []byte
	current message
	lastID  string        // the one to resume behind; more than that of an event, it may stand alone
	retry   time.Duration // how long to wait before connecting anew, if the stream said so
}

func newStream(in io.Reader) *stream { return &stream{in: bufio.NewReader(in)} }

// next returns the next event. What it has of one when the stream ends is no event.
// The data is good until the next call.
func (s *stream) next() (message, error) {
	s.current.event, s.current.data = "", s.current.data[:0]
	for {
		if err := s.readLine(); err != nil {
			return message{}, err
		}
		if len(s.line) == 0 {
			s.lastID = s.current.id
		}
		switch {
		case len(s.line) > 0:
			s.field()
		case len(s.current.data) > 0:
			s.current.data = s.current.data[:len(s.current.data)-1] // the last line's end
			if s.current.event == "" {
				s.current.event = "message"
			}
			return s.current, nil
		default:
			s.current.event = "" // an event without data is none
		}
		if len(s.current.data) > maxEvent {
			return message{}, errTooLong()
		}
	}
}

// readLine reads a line that ends with CR, LF or both. After a CR it does not wait
// to see whether a LF comes.
func (s *stream) readLine() error {
	s.line = s.line[:0]
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		second := s.cr && b == '\n'
		s.cr = b == '\r'
		switch {
		case second:
		case b == '\r' || b == '\n':
			if !s.begun {
				s.begun, s.line = true, bytes.TrimPrefix(s.line, []byte("\ufeff"))
			}
			return nil
		case len(s.line) == maxEvent:
			return errTooLong()
		default:
			s.line = append(s.line, b)
		}
	}
}

// field takes in a line. One that begins with a colon is a comment, whose name is
// empty.
func (s *stream) field() {
	name, value, _ := bytes.Cut(s.line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		s.current.event = string(value)
	case "data":
		s.current.data = append(append(s.current.data, value...), '\n')
	case "id":
		if !bytes.ContainsRune(value, 0) {
			s.current.id = string(value)
		}
	case "retry":
		if n, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			s.retry = time.Duration(n) * time.Millisecond
		}
	}
}

func errTooLong() error { return errors.New("an event is longer than 1 MiB") }
