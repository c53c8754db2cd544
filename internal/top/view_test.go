package top_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/top"
)

// few are clients of all kinds.
func few() []httpapi.Client {
	edge, silent := newClient("edge-001.berlin.example", 26*time.Hour), newClient("silent", 62*time.Second)
	edge.RemoteAddr, edge.RTTMillis = "[2001:db8:1234:5678::9]:50002", 123.4
	silent.State, silent.LastHeartbeat = "silent", silent.ConnectedAt+2000
	return []httpapi.Client{newClient("client-001", 5*time.Second), edge, silent, newClient("a\x1b[2Jb\u202e", time.Minute), newClient("日本語", time.Hour)}
}

// busy returns clients after they have sent and received something.
func busy(clients []httpapi.Client) []httpapi.Client {
	clients[0].MessagesReceived, clients[0].BytesReceived = 3, 100
	clients[1].MessagesReceived, clients[1].BytesReceived, clients[1].MessagesSent, clients[1].BytesSent = 246_912, 246_912_000, 1, 1
	clients[4].MessagesSent, clients[4].BytesSent = 20, 3_000_000
	clients[1].QueuedBytes, clients[2].SendFailures, clients[3].SendFailures, clients[3].HandlerFailures, clients[4].PacketsLost = 4_000_000, 1, 1, 1, 123
	return clients
}

// TestView compares what a terminal shows with files in testdata.
func TestView(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
		options       top.Options
		act           func(*hub, *screen)
	}{
		{"first", 80, 24, top.Options{}, func(*hub, *screen) {}},
		{"rates", 80, 24, top.Options{Sort: "in/s"}, nil},
		{"wide", 120, 12, top.Options{}, nil},
		{"narrow", 40, 10, top.Options{Sort: "outB/s"}, nil},
		{"low", 80, 7, top.Options{}, func(_ *hub, s *screen) { s.press("<down>") }},
		{"colours", 80, 12, top.Options{Colours: console.AllColours()}, func(h *hub, s *screen) {
			h.err = errors.New("no hub answers at http://hub:8475:\n connection refused, and much more to say about it than there is room for")
			s.step()
			s.step()
		}},
		{"typing", 80, 12, top.Options{Prefix: "e"}, func(_ *hub, s *screen) { s.press("/", "dge-") }},
		{"prefix", 80, 12, top.Options{Prefix: "edge-"}, nil},
		{"nobody", 80, 10, top.Options{}, func(h *hub, s *screen) {
			h.clients = nil
			s.step()
			s.step()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hub{clients: few()}
				s := newScreen(t, h, test.options)
				s.resize(test.width, test.height)
				if test.act == nil {
					h.clients = busy(few())
					s.step() // the tick
					s.step() // the sample
				} else {
					test.act(h, s)
				}
				view := regexp.MustCompile(`at \d\d:\d\d:\d\d`).ReplaceAllString(s.view(), "at HH:MM:SS")
				golden.Compare(t, "testdata/"+test.name+".golden", strings.ReplaceAll(view, "\x1b", "ESC")+"\n")
			})
		})
	}
}

// TestViewFits: whatever is shown and typed, the lines are those of the terminal,
// and there is nothing in them that steers it.
func TestViewFits(t *testing.T) { rapid.Check(t, testViewFits) }

func testViewFits(t *rapid.T) {
	id := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-c]{1,3}`), rapid.Just("日本語\x1b]0;x\x07"))
	h := &hub{}
	change := func(t *rapid.T) {
		h.clients, h.err = nil, nil
		for _, name := range rapid.SliceOfNDistinct(id, 0, 12, rapid.ID).Draw(t, "ids") {
			c := newClient(name, time.Duration(rapid.Int64Range(0, 1e18).Draw(t, "uptime")))
			c.RemoteAddr, c.State = rapid.String().Draw(t, "address"), rapid.SampledFrom([]string{"connected", "silent", "\x1b[31m"}).Draw(t, "state")
			c.MessagesReceived, c.BytesSent = rapid.Uint64().Draw(t, "messages"), rapid.Uint64().Draw(t, "bytes")
			h.clients = append(h.clients, c)
		}
		if rapid.Bool().Draw(t, "fails") {
			h.err = errors.New(rapid.String().Draw(t, "error"))
		}
	}
	keys := []string{
		"<up>", "<down>", "<left>", "<right>", "<pgup>", "<pgdown>", "<home>", "<end>", "<enter>", "<esc>", "<backspace>", "<ctrl+u>", "/", "r", "a", "b", "語",
	}
	s := newScreen(t, h, top.Options{Prefix: rapid.String().Draw(t, "prefix"), Interval: 1})
	width, height := 80, 24
	t.Repeat(map[string]func(*rapid.T){
		"change": change,
		"key":    func(t *rapid.T) { s.press(rapid.SampledFrom(keys).Draw(t, "key")) },
		"paste":  func(t *rapid.T) { s.send(tea.PasteMsg{Content: rapid.String().Draw(t, "text")}) },
		"step":   func(*rapid.T) { s.step() },
		"resize": func(t *rapid.T) {
			width, height = rapid.IntRange(0, 130).Draw(t, "width"), rapid.IntRange(0, 40).Draw(t, "height")
			s.resize(width, height)
		},
		"": func(t *rapid.T) {
			lines := strings.Split(s.view(), "\n")
			if len(lines) > max(1, height) {
				t.Fatalf("%d lines on a terminal of %d", len(lines), height)
			}
			for _, line := range lines {
				if console.Width(line) > width || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Fatalf("on a terminal of %d columns: %q", width, line)
				}
			}
			if s.quit || len(s.cmds) == 0 {
				t.Fatalf("it has stopped")
			}
		},
	})
}
