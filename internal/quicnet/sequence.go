package quicnet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/quic-go/quic-go/qlogwriter/jsontext"
)

// QlogFile is where a trace goes. An *os.File is one.
type QlogFile interface {
	io.WriteCloser
	Name() string
}

// sequence writes a file of qlog, as a sequence of JSON texts (RFC 7464).
type sequence struct {
	file QlogFile
	out  *bufio.Writer
	room int64 // how much larger the file may become

	begun  time.Time
	record bytes.Buffer
	enc    *jsontext.Encoder // to record
}

// newSequence returns a sequence whose header is in the file.
func newSequence(file QlogFile, of *trace, maxBytes int64) (*sequence, error) {
	s := &sequence{file: file, out: bufio.NewWriterSize(file, 64<<10), room: maxBytes, begun: time.Now()}
	s.enc = jsontext.NewEncoder(&s.record)
	if err := s.writeHeader(of); err != nil {
		return nil, err
	}
	return s, s.out.Flush()
}

// writeHeader writes the first record, see draft-ietf-quic-qlog-main-schema.
func (s *sequence) writeHeader(of *trace) error {
	vantagePoint := "server"
	if of.client {
		vantagePoint = "client"
	}
	s.record.WriteByte(qlogwriter.RecordSeparator)
	err := json.NewEncoder(&s.record).Encode(map[string]any{
		"file_schema":          "urn:ietf:params:qlog:file:sequential",
		"serialization_format": "application/qlog+json-seq",
		"title":                filepath.Base(s.file.Name()),
		"trace": map[string]any{
			"event_schemas": []string{qlog.EventSchema},
			"vantage_point": map[string]any{"type": vantagePoint},
			"common_fields": map[string]any{
				"group_id": of.id.String(),
				"reference_time": map[string]any{
					"clock_type": "monotonic", "epoch": "unknown", "wall_clock_time": s.begun,
				},
			},
		},
		// The standard has given them up; qvis, a viewer, wants them.
		"qlog_format":  "JSON-SEQ",
		"qlog_version": "0.3",
	})
	if err != nil {
		return err
	}
	return s.append()
}

// write writes an event.
func (s *sequence) write(at time.Time, e qlogwriter.Event) error {
	s.record.WriteByte(qlogwriter.RecordSeparator)
	for _, token := range []jsontext.Token{
		jsontext.BeginObject,
		jsontext.String("time"), jsontext.Float(float64(at.Sub(s.begun)) / float64(time.Millisecond)),
		jsontext.String("name"), jsontext.String(e.Name()),
		jsontext.String("data"),
	} {
		if err := s.enc.WriteToken(token); err != nil {
			return err
		}
	}
	if err := errors.Join(e.Encode(s.enc, at), s.enc.WriteToken(jsontext.EndObject)); err != nil {
		return err
	}
	return s.append()
}

// append adds a whole record, so that a file that ends early ends with one.
func (s *sequence) append() error {
	defer s.record.Reset()
	if s.room -= int64(s.record.Len()); s.room < 0 {
		return fmt.Errorf("the trace has reached its largest size")
	}
	_, err := s.out.Write(s.record.Bytes())
	return err
}
