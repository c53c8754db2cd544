package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// maxQlogBytes is how large a trace may become: more than its viewers can show, and
// not all that a disk has, when somebody forgets to stop it.
const maxQlogBytes = 1 << 30

// qlogPatience is how long the beginning or the end of a trace may take, which a
// hanging disk could draw out for ever.
const qlogPatience = 5 * time.Second

// StartQlog begins a trace of the connection that a client has now, and returns
// the path of its file, which is new, in ServerConfig.QlogDir, and readable for
// nobody but the user of this process. When there is a trace already it goes on,
// and its path is returned.
//
// The trace has what QUIC does from now on, in the format of qlog: sizes, times and
// kinds of packets and frames, losses, congestion; no payloads. It ends with
// [Server.StopQlog], with the connection, and at 1 GiB: a client that reconnects is
// not traced any more. If the disk is too slow, events are left out, and the trace
// says so where; if it is full, the trace ends, with an error in the log.
//
// The error is UnknownClient if no such client is connected, NotConnected if its
// connection is ending, InvalidConfig if QlogDir is not set or the file cannot be
// written, and Timeout if the disk does not take it within 5 s: the trace begins
// when it does.
func (s *Server) StartQlog(clientID string) (path string, err error) {
	l, ok := s.sessions.Get(clientID)
	switch {
	case !ok:
		return "", unknown(clientID)
	case s.config.QlogDir == "":
		return "", qerrors.New(qerrors.InvalidConfig,
			"there is no folder for traces: set QlogDir (-qlog-dir) and start the hub again")
	}
	ctx, cancel := context.WithTimeout(context.Background(), qlogPatience)
	defer cancel()
	var created *os.File // not to be read after a timeout
	path, err = conn(l).StartQlog(ctx, func() (quicnet.QlogFile, error) {
		file, err := createQlog(s.config.QlogDir, l.Session())
		created = file
		return file, err
	}, maxQlogBytes, func(end quicnet.QlogEnd) { s.qlogEnded(l, created.Name(), end) })
	if errors.Is(err, qerrors.ErrTimeout) {
		return "", err
	}
	if created != nil && err != nil {
		err = errors.Join(err, os.Remove(created.Name()))
	}
	var known *qerrors.Error
	switch {
	case errors.As(err, &known):
		return "", err
	case err != nil:
		return "", qerrors.New(qerrors.InvalidConfig,
			"no trace can be written in the folder of QlogDir (-qlog-dir): see that the hub may write there and that there is room: %w", err)
	case created != nil:
		s.link.Log.Info("qlog begun", "client_id", clientID, "session_id", l.Session().ID(), "file", path)
	}
	return path, nil
}

func (s *Server) qlogEnded(l *link.Link, path string, end quicnet.QlogEnd) {
	log := s.link.Log.With("client_id", l.Session().ClientID(), "session_id", l.Session().ID(),
		"file", path, "events", end.Events, "events_lost", end.Lost)
	if end.Err != nil {
		log.Error("qlog ended before it was stopped", "error", end.Err)
	} else {
		log.Info("qlog ended")
	}
}

// StopQlog ends the trace of a client, if there is one, and returns when its file
// is complete. The error is UnknownClient if no such client is connected, and
// Timeout if the disk does not take the file within 5 s.
func (s *Server) StopQlog(clientID string) error {
	l, ok := s.sessions.Get(clientID)
	if !ok {
		return unknown(clientID)
	}
	return stopQlog(conn(l))
}

func stopQlog(c *quicnet.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), qlogPatience)
	defer cancel()
	return c.StopQlog(ctx)
}

// conn returns the connection under a link, which the server has put there.
func conn(l *link.Link) *quicnet.Conn { return l.Conn().(*quicnet.Conn) }

// makeQlogDir returns the absolute path of a folder that exists from then on. The one
// that it is in has to be there: a path that is mistyped is not made.
func makeQlogDir(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	path, err := filepath.Abs(dir)
	if err == nil {
		err = os.Mkdir(path, 0o700)
	}
	if info, found := os.Stat(path); errors.Is(err, os.ErrExist) && found == nil && info.IsDir() {
		err = nil
	}
	if err != nil {
		return "", qerrors.New(qerrors.InvalidConfig, "QlogDir (-qlog-dir) is %q: use a folder that the hub may write to: %w", dir, err)
	}
	return path, nil
}

// createQlog creates the file of a trace in dir, and, whatever the client's id is,
// nowhere else.
func createQlog(dir string, of *session.Session) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	name := fmt.Sprintf("%s_%s_%s.sqlog", inFileName(of.ClientID()), of.ID(), time.Now().UTC().Format("20060102T150405.000000000Z"))
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// maxInFileName leaves room in the 255 bytes of a name.
const maxInFileName = 64

// inFileName returns what of a client's id can be in the name of a file on any
// system, and begin it. Ids that only differ elsewhere have sessions that differ.
func inFileName(id string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '.':
			return r
		default:
			return '_'
		}
	}, id)
	if safe[0] == '.' || safe[0] == '-' {
		safe = "_" + safe[1:]
	}
	return safe[:min(len(safe), maxInFileName)]
}
