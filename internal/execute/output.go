package execute

import (
	"bytes"
	"strings"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// bounded keeps what is written to it, up to max bytes. More makes it call exceed.
type bounded struct {
	buf      bytes.Buffer
	max      int
	exceed   func()
	exceeded error // why exceed was called
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.max-b.buf.Len() {
		b.exceeded = qerrors.New(qerrors.HandlerFailed,
			"the handler program was killed: it printed more than the %d bytes that a result may have", b.max)
		b.exceed()
		return 0, b.exceeded
	}
	return b.buf.Write(p)
}

// tail keeps the last max bytes written to it.
type tail struct {
	buf []byte
	max int
	cut bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
		t.cut = true
	}
	return len(p), nil
}

// String returns the text without surrounding blanks, as an error can have it:
// in valid UTF-8, and not longer than the bytes were.
func (t *tail) String() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.buf), "?"))
	if t.cut {
		return "..." + text
	}
	return text
}
