package top

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

const helpLine = "q quit  / filter  ←→ sort  r reverse  ↑↓ PgUp PgDn scroll"

func (m *model) key(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "ctrl+c":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "ctrl+l":
		return tea.ClearScreen
	}
	if m.editing {
		return m.edit(key)
	}
	return m.command(key)
}

func (m *model) command(key tea.KeyPressMsg) tea.Cmd {
	page := max(1, m.bodyHeight()-1)
	switch key.String() {
	case "q":
		return tea.Quit
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup", "b":
		m.scroll(-page)
	case "pgdown", "space", "f":
		m.scroll(page)
	case "home", "g":
		m.scroll(math.MinInt32)
	case "end", "G":
		m.scroll(math.MaxInt32)
	case "left", "<", "h":
		m.sortBy(m.by - 1)
	case "right", ">", "l":
		m.sortBy(m.by + 1)
	case "r":
		m.reverse = !m.reverse
		m.sort()
	case "/":
		m.editing, m.draft = true, m.Prefix
	case "esc":
		return m.filter("")
	}
	return nil
}

func (m *model) sortBy(column int) {
	n := len(columns())
	m.by, m.reverse = (column+n)%n, false
	m.sort()
}

// edit changes the prefix that is being typed.
func (m *model) edit(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "enter":
		m.editing = false
		return m.filter(m.draft)
	case "esc":
		m.editing = false
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(m.draft)
		m.draft = m.draft[:len(m.draft)-size]
	case "ctrl+u":
		m.draft = ""
	default:
		m.enter(key.Text)
	}
	return nil
}

// enter adds what is printable of text to the prefix that is being typed.
func (m *model) enter(text string) {
	if !m.editing {
		return
	}
	m.draft += strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// filter shows only clients whose ids begin with prefix.
func (m *model) filter(prefix string) tea.Cmd {
	if prefix == m.Prefix {
		return nil
	}
	m.Prefix = prefix
	return m.request()
}
