package top_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/top"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// hub has a list of clients, which may fail.
type hub struct {
	clients []httpapi.Client
	err     error
	asked   []string // the prefixes
}

func (h *hub) list(_ context.Context, prefix string) (httpapi.ClientPage, error) {
	h.asked = append(h.asked, prefix)
	page := httpapi.ClientPage{Clients: slices.DeleteFunc(slices.Clone(h.clients), func(c httpapi.Client) bool { return !strings.HasPrefix(c.ClientID, prefix) })}
	page.Total = len(page.Clients)
	return page, h.err
}

// newClient returns a client that was connected for d and heard of 3 s ago.
func newClient(id string, d time.Duration) httpapi.Client {
	const connected = 1_000_000_000_000
	return httpapi.Client{
		ClientID: id, RemoteAddr: "192.0.2.7:50001", ConnectedAt: connected, Uptime: d.String(), State: "connected",
		LastHeartbeat: connected + (d - 3*time.Second).Milliseconds(), RTTMillis: 0.5,
	}
}

// tester is a testing.T or a rapid.T.
type tester interface {
	Context() context.Context
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

// screen is a model as a program drives it.
type screen struct {
	t    tester
	m    tea.Model
	cmds []tea.Cmd
	quit bool
}

func newScreen(t tester, h *hub, o top.Options) *screen {
	o.Hub, o.Interval = "http://hub:8475", cmp.Or(o.Interval, 2*time.Second)
	if o.Sort == "" {
		o.Sort = "client"
	}
	m, err := top.NewModel(t.Context(), h.list, o)
	if err != nil {
		t.Fatal(err)
	}
	return &screen{t: t, m: m, cmds: []tea.Cmd{m.Init()}}
}

func (s *screen) send(msg tea.Msg) {
	if _, quit := msg.(tea.QuitMsg); quit {
		s.quit = true
	}
	m, cmd := s.m.Update(msg)
	s.m = m
	if cmd != nil {
		s.cmds = append(s.cmds, cmd)
	}
}

// step runs the commands that are due, one after another.
func (s *screen) step() {
	cmds := s.cmds
	s.cmds = nil
	for _, cmd := range cmds {
		s.send(cmd())
	}
}

func (s *screen) resize(width, height int) { s.send(tea.WindowSizeMsg{Width: width, Height: height}) }

// press types keys: text, or the names of keys in angle brackets.
func (s *screen) press(keys ...string) {
	named := map[string]tea.KeyPressMsg{
		"<enter>": {Code: tea.KeyEnter}, "<esc>": {Code: tea.KeyEscape}, "<backspace>": {Code: tea.KeyBackspace}, "<up>": {Code: tea.KeyUp},
		"<down>": {Code: tea.KeyDown}, "<left>": {Code: tea.KeyLeft}, "<right>": {Code: tea.KeyRight}, "<pgup>": {Code: tea.KeyPgUp},
		"<pgdown>": {Code: tea.KeyPgDown}, "<home>": {Code: tea.KeyHome}, "<end>": {Code: tea.KeyEnd}, "<space>": {Code: tea.KeySpace, Text: " "},
		"<ctrl+c>": {Code: 'c', Mod: tea.ModCtrl}, "<ctrl+u>": {Code: 'u', Mod: tea.ModCtrl}, "<ctrl+z>": {Code: 'z', Mod: tea.ModCtrl},
	}
	for _, key := range keys {
		if press, ok := named[key]; ok {
			s.send(press)
			continue
		}
		for _, r := range key {
			s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func (s *screen) view() string { return s.m.View().Content }

// ids returns the clients that are shown.
func (s *screen) ids() []string {
	var ids []string
	lines := strings.Split(s.view(), "\n")
	for _, line := range lines[4 : len(lines)-1] {
		if line != "" {
			ids = append(ids, strings.Fields(line)[0])
		}
	}
	return ids
}

func (s *screen) expect(ids ...string) {
	s.t.Helper()
	if got := s.ids(); !slices.Equal(got, ids) {
		s.t.Errorf("the clients shown are %q, want %q", got, ids)
	}
}

// hundred returns 100 clients, c00 to c99.
func hundred() []httpapi.Client {
	var clients []httpapi.Client
	for i := range 100 {
		clients = append(clients, newClient(fmt.Sprintf("c%02d", i), time.Hour))
	}
	return clients
}

func TestFirstSampleFails(t *testing.T) {
	lunch := errors.New("lunch")
	err := top.Run(t.Context(), (&hub{err: lunch}).list, top.Options{Colours: console.Colours{}})
	if !errors.Is(err, lunch) {
		t.Errorf("error %v", err)
	}
}

func regexpRow(view, pattern string) bool {
	return regexp.MustCompile("(?m)^" + pattern).MatchString(view)
}
