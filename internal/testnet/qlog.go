package testnet

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// Qlog is a trace in the format of qlog.
type Qlog struct {
	Header struct {
		FileSchema string `json:"file_schema"`
		Format     string `json:"serialization_format"`
		Trace      struct {
			EventSchemas []string `json:"event_schemas"`
			VantagePoint struct {
				Type string `json:"type"`
			} `json:"vantage_point"`
			CommonFields struct {
				ReferenceTime struct {
					WallClockTime time.Time `json:"wall_clock_time"`
				} `json:"reference_time"`
			} `json:"common_fields"`
		} `json:"trace"`
	}
	Events []QlogEvent
}

// QlogEvent is one event of a trace.
type QlogEvent struct {
	Time float64 `json:"time"` // milliseconds since the reference time
	Name string  `json:"name"`
	Data struct {
		Header struct {
			PacketType   string `json:"packet_type"`
			PacketNumber int64  `json:"packet_number"`
		} `json:"header"`
		Message string `json:"message"`
	} `json:"data"`
}

// ReadQlog reads a trace. Each record of it has to be a JSON text between a
// record separator and a line feed (RFC 7464).
func ReadQlog(tb testing.TB, path string) *Qlog {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return ParseQlog(tb, text)
}

// ParseQlog is ReadQlog for the content of a file.
func ParseQlog(tb testing.TB, text []byte) *Qlog {
	tb.Helper()
	var (
		q       Qlog
		records = bytes.SplitAfter(text, []byte("\n"))
	)
	if last := records[len(records)-1]; len(last) > 0 {
		tb.Errorf("the trace does not end with a line feed but with %.200q", last)
	}
	for i, record := range records[:len(records)-1] {
		body, marked := bytes.CutPrefix(record, []byte{0x1e})
		if !marked {
			tb.Errorf("record %d does not begin with a record separator: %.200q", i, record)
		}
		var err error
		if i == 0 {
			err = json.Unmarshal(body, &q.Header)
		} else {
			var e QlogEvent
			err = json.Unmarshal(body, &e)
			q.Events = append(q.Events, e)
			if e.Name == "" || !bytes.Contains(body, []byte(`"data":{`)) || !bytes.Contains(body, []byte(`"time":`)) {
				tb.Errorf("record %d is no event: %.200q", i, body)
			}
		}
		if err != nil {
			tb.Errorf("record %d: %v in %.200q", i, err, body)
		}
	}
	return &q
}

// Count returns how many events have this name.
func (q *Qlog) Count(name string) (n int) {
	for _, e := range q.Events {
		if e.Name == name {
			n++
		}
	}
	return n
}
