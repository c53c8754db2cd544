package top_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/top"
)

func TestQuit(t *testing.T) {
	for _, keys := range [][]string{{"q"}, {"<ctrl+c>"}, {"/", "<ctrl+c>"}} {
		s := newScreen(t, &hub{}, top.Options{})
		s.cmds = nil // the tick
		s.press(keys...)
		s.step()
		if !s.quit {
			t.Errorf("%q do not quit", keys)
		}
	}
	s := newScreen(t, &hub{}, top.Options{})
	s.cmds = nil
	s.press("/", "q")
	s.step()
	if s.quit {
		t.Error("a q of a prefix quits")
	}
	s.press("<ctrl+z>")
	if len(s.cmds) != 1 || s.cmds[0]() != tea.Suspend() {
		t.Error("ctrl+z does not suspend")
	}
}

func TestScroll(t *testing.T) {
	s := newScreen(t, &hub{clients: hundred()}, top.Options{})
	s.resize(80, 8)
	s.expect("c00", "c01", "c02")
	for _, test := range []struct {
		key  string
		want []string
	}{
		{"<down>", []string{"c01", "c02", "c03"}}, {"j", []string{"c02", "c03", "c04"}}, {"<pgdown>", []string{"c04", "c05", "c06"}},
		{"<space>", []string{"c06", "c07", "c08"}}, {"<up>", []string{"c05", "c06", "c07"}}, {"<pgup>", []string{"c03", "c04", "c05"}},
		{"<end>", []string{"c97", "c98", "c99"}}, {"<down>", []string{"c97", "c98", "c99"}}, {"<home>", []string{"c00", "c01", "c02"}},
		{"k", []string{"c00", "c01", "c02"}}, {"G", []string{"c97", "c98", "c99"}},
	} {
		s.press(test.key)
		s.expect(test.want...)
	}
	s.resize(80, 10) // the last row stays at the bottom
	s.expect("c95", "c96", "c97", "c98", "c99")
}

func TestSort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{clients: few()}
		for i, id := range []string{"a", "b", "c", "d", "e"} {
			h.clients[i].ClientID = id
		}
		s := newScreen(t, h, top.Options{})
		h.clients = busy(slices.Clone(h.clients))
		s.step()
		s.step()
		for _, test := range []struct{ keys, want []string }{
			{nil, []string{"a", "b", "c", "d", "e"}},
			{[]string{"r"}, []string{"e", "d", "c", "b", "a"}},
			{[]string{"<right>"}, []string{"a", "c", "d", "e", "b"}}, // address
			{[]string{"<right>"}, []string{"a", "b", "c", "d", "e"}}, // uptime: connected at the same time
			{[]string{"<right>"}, []string{"b", "a", "c", "d", "e"}}, // rtt
			{[]string{"<right>"}, []string{"b", "a", "c", "d", "e"}}, // in/s
			{[]string{"<right>"}, []string{"e", "b", "a", "c", "d"}}, // out/s
			{[]string{"r"}, []string{"a", "c", "d", "b", "e"}},
			{[]string{"<right>"}, []string{"b", "a", "c", "d", "e"}},          // inB/s
			{[]string{"<right>"}, []string{"e", "b", "a", "c", "d"}},          // outB/s
			{[]string{"<right>"}, []string{"b", "a", "c", "d", "e"}},          // queued
			{[]string{"<right>"}, []string{"d", "c", "a", "b", "e"}},          // failed
			{[]string{"<right>"}, []string{"e", "a", "b", "c", "d"}},          // lost
			{[]string{"<right>"}, []string{"c", "a", "b", "d", "e"}},          // state
			{[]string{"<right>"}, []string{"c", "a", "b", "d", "e"}},          // seen
			{[]string{"<right>"}, []string{"a", "b", "c", "d", "e"}},          // client again
			{[]string{"<left>", "<left>"}, []string{"c", "a", "b", "d", "e"}}, // state
		} {
			s.press(test.keys...)
			s.expect(test.want...)
		}
	})
}

func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{clients: hundred()}
		s := newScreen(t, h, top.Options{})
		s.resize(80, 8)
		s.press("/", "c9x", "<backspace>") // what there is is filtered at once
		s.expect("c90", "c91", "c92")
		s.press("<esc>")
		s.expect("c00", "c01", "c02")
		s.press("/", "c9", "<enter>")
		s.step() // the answer; the tick of before comes to nothing
		s.expect("c90", "c91", "c92")
		s.press("/", "<ctrl+u>")
		s.send(tea.PasteMsg{Content: "c95\n\x1b"})
		s.expect("c95")
		s.press("<enter>")
		s.step()
		s.expect("c95")
		s.press("<esc>")
		s.step()
		s.expect("c00", "c01", "c02")
		if diff := cmp.Diff([]string{"", "c9", "c95", ""}, h.asked); diff != "" {
			t.Errorf("the hub was asked for prefixes: %s", diff)
		}
		if len(s.cmds) != 1 {
			t.Errorf("%d commands are under way, want one tick", len(s.cmds))
		}
	})
}

// TestInterval: the hub is asked an interval after it has answered, and once.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{}
		s := newScreen(t, h, top.Options{})
		begun := time.Now()
		for i := range 10 {
			s.step()
			s.step()
			if want := time.Duration(i+1) * 2 * time.Second; len(h.asked) != i+2 || time.Since(begun) != want {
				t.Fatalf("asked %d times after %v, want %d after %v", len(h.asked), time.Since(begun), i+2, want)
			}
		}
	})
}

// TestReconnect: what a client did over the connection before does not count.
func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{clients: busy(few())}
		s := newScreen(t, h, top.Options{})
		h.clients = few()
		for i := range h.clients {
			h.clients[i].ConnectedAt += 1000
		}
		s.step()
		s.step()
		if view := s.view(); !regexpRow(view, `client-001 .* - +- +- +- +0 +0 ok`) {
			t.Errorf("rates are shown of a new connection:\n%s", view)
		}
	})
}
