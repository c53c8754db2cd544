// Package audit writes down who was let in and who did what through the HTTP API: one
// JSON object for each, in a file of its own, that is rotated.
//
// Nobody waits for the disk. Records that it does not take, because it is full or hangs,
// are lost; that is logged, and counted, and ends by itself.
package audit

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DeRuina/timberjack"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Event is what a record is about.
type Event string

const (
	Admitted   Event = "admitted"   // a client has a session
	Refused    Event = "refused"    // a client that said hello has none
	Ended      Event = "ended"      // a session ended
	Send       Event = "send"       // a message to one client, through the API
	Broadcast  Event = "broadcast"  // a message to all
	Disconnect Event = "disconnect" // a client was disconnected
	QlogStart  Event = "qlog_start" // a trace of a connection was begun
	QlogStop   Event = "qlog_stop"
	Denied     Event = "denied" // a request without a token that allows it
)

// Record is a line of the file. It has no payload, and no credential.
type Record struct {
	Time     time.Time    `json:"time"`
	Event    Event        `json:"event"`
	Code     qerrors.Code `json:"code"`             // ok, or why not
	Reason   string       `json:"reason,omitempty"` // the same for people
	ClientID string       `json:"client_id,omitempty"`
	Session  string       `json:"session_id,omitempty"`
	Method   string       `json:"method,omitempty"` // how a client has shown who it is
	Remote   string       `json:"remote,omitempty"` // the address of the client, or of the caller
	Caller   string       `json:"caller,omitempty"` // the name of the caller's token
	Request  string       `json:"request,omitempty"`
	MsgID    string       `json:"msg_id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Bytes    *int         `json:"bytes,omitempty"` // of the payload
	Total    *int         `json:"total,omitempty"` // clients that a broadcast was for
	Failed   *int         `json:"failed,omitempty"`
	LeftOut  uint64       `json:"left_out,omitempty"` // records of who was refused or denied, before this one, that are not here
}

// Options say where a log is, and how much of it is kept.
type Options struct {
	Path    string
	MaxSize int // of a file, in bytes, rounded up to MiB
	Keep    int // files, besides the present one
	Log     *slog.Logger
}

// Who is let in nowhere can cause records without end, and so push out those of others. So
// there are no more of these a second, and so many at once.
const (
	strangersPerSecond = 10
	strangersAtOnce    = 1000
)

// maxWaiting is how many records may wait for the disk.
const maxWaiting = 8192

// Log is an audit log. Its methods may be called from any goroutine, and on nil, which
// is a log that nobody wants.
type Log struct {
	file    *timberjack.Logger
	log     *slog.Logger
	path    string
	records chan Record
	done    chan struct{}
	lost    atomic.Uint64

	strangers *rate.Limiter // for records that anybody can cause
	leftOut   atomic.Uint64 // of these

	mu     sync.RWMutex
	closed bool

	// Owned by write.
	failing  bool   // the last record was lost
	partial  bool   // a part of it is there
	reported uint64 // of the lost ones, those that the log was told of
}

// Open returns a log that appends to a file, which is made when it is not there. An
// empty path stands for none.
func Open(o Options) (*Log, error) {
	if o.Path == "" {
		return nil, nil
	}
	file, err := create(o.Path)
	if err != nil {
		return nil, qerrors.New(qerrors.InvalidConfig, "the audit log cannot be written: name a file in a folder that the hub may write to: %w", err)
	}
	const mebibyte = 1 << 20
	l := &Log{
		file: &timberjack.Logger{
			Filename: file, MaxSize: max(1, (o.MaxSize+mebibyte-1)/mebibyte), MaxBackups: o.Keep, FileMode: 0o600,
		},
		log: o.Log, path: file, records: make(chan Record, maxWaiting), done: make(chan struct{}),
		strangers: rate.NewLimiter(strangersPerSecond, strangersAtOnce),
	}
	go l.write()
	return l, nil
}

// create sees that the file can be written, before anything depends on it.
func create(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return path, file.Close()
}

// Add writes a record down, soon, with the present time.
func (l *Log) Add(r Record) {
	if l == nil {
		return
	}
	if r.Event == Refused || r.Event == Denied {
		if !l.strangers.Allow() {
			l.leftOut.Add(1)
			return
		}
		r.LeftOut = l.leftOut.Swap(0)
	}
	r.Time = time.Now().UTC()
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		l.lost.Add(1)
		return
	}
	select {
	case l.records <- r:
	default:
		l.lost.Add(1)
	}
}

// Lost returns how many records are not in the file.
func (l *Log) Lost() uint64 { return l.lost.Load() }

// Register adds the number of records that are lost to the metrics.
func (l *Log) Register(metrics prometheus.Registerer) {
	if l == nil {
		return
	}
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "quic_backbone_audit_records_lost_total", Help: "Records of the audit log that its disk did not take.",
	}, func() float64 { return float64(l.Lost()) }))
}

// Close writes what waits, and closes the file. Those that hang on a disk for longer than
// patience are lost.
func (l *Log) Close(patience time.Duration) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.records)
	}
	l.mu.Unlock()
	select {
	case <-l.done:
		return l.file.Close()
	case <-time.After(patience):
		return qerrors.New(qerrors.Timeout, "the disk did not take the rest of the audit log %s within %v", l.path, patience)
	}
}

// write is the only one that touches the file.
func (l *Log) write() {
	defer close(l.done)
	for r := range l.records {
		line, err := json.Marshal(r)
		if err != nil {
			panic("an audit record cannot be encoded: " + err.Error()) // it has strings and numbers
		}
		l.append(append(line, '\n'))
	}
}

func (l *Log) append(line []byte) {
	if l.partial {
		line = append([]byte{'\n'}, line...) // the part that is there is no record
	}
	n, err := l.file.Write(line)
	if err == nil {
		if lost := l.lost.Load(); lost > l.reported {
			l.log.Warn("the audit log is written again: records are missing", "file", l.path, "events_lost", lost-l.reported)
			l.reported = lost
		}
		l.failing, l.partial = false, false
		return
	}
	l.lost.Add(1)
	l.partial = l.partial || n > 0
	if !l.failing {
		l.log.Error("the audit log cannot be written: records are lost until it can; see that there is room on its disk", "file", l.path, "error", err)
	}
	l.failing = true
}
