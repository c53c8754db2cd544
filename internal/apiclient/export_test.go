package apiclient

import (
	"io"
	"net/http"
)

// Silence is how long a stream may be silent.
const Silence = silence

// SetTransport makes requests go elsewhere.
func (c *Client) SetTransport(t http.RoundTripper) { c.http.Transport = t }

// ReadEvents returns the events of a stream until its end, in a readable form, and
// the time that it gives for reconnecting.
func ReadEvents(in io.Reader) (events []string, retry string, err error) {
	s := newStream(in)
	for {
		m, err := s.next()
		if err != nil {
			return events, s.retry.String(), err
		}
		events = append(events, m.id+"|"+m.event+"|"+string(m.data))
	}
}
