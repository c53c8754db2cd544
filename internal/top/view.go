package top

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/voilet/QuicFlow/internal/console"
)

// frame is how many lines there are besides the rows: two about the sample, one
// for an error, the titles, and the keys.
const frame = 5

func (m *model) bodyHeight() int { return max(0, m.height-frame) }

// View draws the terminal, of which it fills each line.
func (m *model) View() tea.View {
	rows := m.filtered()
	end := min(len(rows), m.offset+m.bodyHeight())
	shown, widths := layout(m.width, m.widths)
	lines := []string{m.line(m.summary()), m.line(m.order()), console.Paint(m.Colours.Red, m.line(m.problem())), m.titles(shown, widths)}
	for i := range rows[m.offset:end] {
		lines = append(lines, m.row(&rows[m.offset+i], shown, widths))
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	position := fmt.Sprintf("%d-%d of %d", min(m.offset+1, end), end, len(rows))
	help := console.Fit(helpLine, m.width-len(position)-1, false) + " " + position
	lines = append(lines[:max(0, min(len(lines), m.height-1))], console.Paint(m.Colours.Dim, m.line(help)))
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen, v.WindowTitle = true, "quic-ctl top"
	return v
}

// line cuts text to the width of the terminal.
func (m *model) line(text string) string {
	return strings.TrimRight(console.Fit(text, m.width, false), " ")
}

// summary is the line about all clients.
func (m *model) summary() string {
	text := fmt.Sprintf("%s  clients: %d", console.Printable(m.Hub), m.total)
	if m.all.silent > 0 {
		text += fmt.Sprintf(", silent: %d", m.all.silent)
	}
	if m.all.known {
		text += fmt.Sprintf("  in: %s/s %sB/s  out: %s/s %sB/s", console.Count(m.all.in), console.Bytes(m.all.bytesIn),
			console.Count(m.all.out), console.Bytes(m.all.bytesOut))
	}
	return text
}

// order is the line about what is shown of them, and how.
func (m *model) order() string {
	by := columns()[m.by]
	first := "lowest"
	if by.highest != m.reverse {
		first = "highest"
	}
	text := fmt.Sprintf("at %s  sorted by %s, %s first", m.before.at.Format(time.TimeOnly), by.title, first)
	switch {
	case m.editing:
		text = "ids that begin with: " + console.Printable(m.draft) + "█  (enter: show them, esc: as before)"
	case m.Prefix != "":
		text += "  only ids that begin with " + console.Printable(m.Prefix) + " (esc: all)"
	}
	return text
}

func (m *model) problem() string {
	if m.err == nil {
		return ""
	}
	return console.Printable(m.err.Error())
}

func (m *model) titles(shown []column, widths []int) string {
	var cells []string
	for i, c := range shown {
		colour := m.Colours.Bold
		if c.title == columns()[m.by].title {
			colour = m.Colours.Reverse
		}
		cells = append(cells, console.Paint(colour, console.Fit(c.title, widths[i], c.right)))
	}
	return m.line(strings.Join(cells, " "))
}

func (m *model) row(r *row, shown []column, widths []int) string {
	var cells []string
	for i, c := range shown {
		cells = append(cells, console.Fit(c.text(r), widths[i], c.right))
	}
	colour := ""
	if r.State != "connected" {
		colour = m.Colours.Yellow
	}
	return console.Paint(colour, m.line(strings.Join(cells, " ")))
}
