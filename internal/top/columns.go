package top

import (
	"cmp"
	"slices"
	"strings"

	"github.com/voilet/QuicFlow/internal/console"
)

// column is one of the table, and a way to sort it.
type column struct {
	title      string
	width      int // the least
	right      bool
	highest    bool // first, when the table is sorted by it
	importance int  // those with the least give way on a narrow terminal
	text       func(*row) string
	compare    func(a, b *row) int
}

func columns() []column {
	return []column{
		{"client", 10, false, false, 9, func(r *row) string { return console.Printable(r.ClientID) },
			func(a, b *row) int { return cmp.Compare(a.ClientID, b.ClientID) }},
		{"address", 15, false, false, 2, func(r *row) string { return console.Printable(r.RemoteAddr) },
			func(a, b *row) int { return cmp.Compare(a.RemoteAddr, b.RemoteAddr) }},
		{"uptime", 6, true, true, 3, func(r *row) string { return console.Age(r.uptime) },
			func(a, b *row) int { return cmp.Compare(b.ConnectedAt, a.ConnectedAt) }},
		{"rtt", 6, true, true, 5, func(r *row) string { return console.Millis(r.RTTMillis) },
			func(a, b *row) int { return cmp.Compare(a.RTTMillis, b.RTTMillis) }},
		rateColumn("in/s", 8, console.Count, func(r *row) float64 { return r.in }),
		rateColumn("out/s", 7, console.Count, func(r *row) float64 { return r.out }),
		rateColumn("inB/s", 4, console.Bytes, func(r *row) float64 { return r.bytesIn }),
		rateColumn("outB/s", 4, console.Bytes, func(r *row) float64 { return r.bytesOut }),
		totalColumn("queued", 2, console.Bytes, func(r *row) uint64 { return uint64(r.QueuedBytes) }),
		totalColumn("failed", 6, console.Count, func(r *row) uint64 { return r.Failures() }),
		totalColumn("lost", 1, console.Count, func(r *row) uint64 { return r.PacketsLost }),
		{"state", 6, false, true, 6, func(r *row) string { return state(r) },
			func(a, b *row) int { return cmp.Compare(a.State, b.State) }},
		{"seen", 5, true, true, 2, func(r *row) string { return console.Age(r.silence) },
			func(a, b *row) int { return cmp.Compare(a.silence, b.silence) }},
	}
}

func rateColumn(title string, importance int, unit func(float64) string, rate func(*row) float64) column {
	width := max(len(title), len(unit(1023*1024)))
	text := func(r *row) string {
		if !r.known {
			return "-"
		}
		return unit(rate(r))
	}
	return column{title, width, true, true, importance, text, func(a, b *row) int { return cmp.Compare(rate(a), rate(b)) }}
}

func totalColumn(title string, importance int, unit func(float64) string, total func(*row) uint64) column {
	return column{title, max(len(title), len(unit(1023*1024))), true, true, importance,
		func(r *row) string { return unit(float64(total(r))) },
		func(a, b *row) int { return cmp.Compare(total(a), total(b)) }}
}

// state is short: nearly all clients have the same.
func state(r *row) string {
	if r.State == "connected" {
		return "ok"
	}
	return console.Printable(r.State)
}

// Columns returns the names of what the table can be sorted by.
func Columns() []string {
	var titles []string
	for _, c := range columns() {
		titles = append(titles, c.title)
	}
	return titles
}

// sortRows sorts by one column, and where that is the same by id.
func sortRows(rows []row, by column, reverse bool) {
	slices.SortFunc(rows, func(a, b row) int {
		order := by.compare(&a, &b)
		if by.highest != reverse {
			order = -order
		}
		return cmp.Or(order, strings.Compare(a.ClientID, b.ClientID))
	})
}

// wanted returns the widths that columns of text would need to show all of it.
func wanted(rows []row) map[string]int {
	widths := map[string]int{}
	for _, c := range columns() {
		for i := range rows {
			if !c.right {
				widths[c.title] = max(widths[c.title], console.Width(c.text(&rows[i])))
			}
		}
	}
	return widths
}

// layout returns the columns for which width has room, with their widths. The
// first ones get what is left over, as far as it is wanted.
func layout(width int, wanted map[string]int) ([]column, []int) {
	shown := columns()
	for len(shown) > 1 && needed(shown) > width {
		least := slices.MinFunc(shown, func(a, b column) int { return cmp.Compare(a.importance, b.importance) }).importance
		i := slices.IndexFunc(shown, func(c column) bool { return c.importance == least })
		shown = slices.Delete(shown, i, i+1)
	}
	spare := max(0, width-needed(shown))
	var widths []int
	for _, c := range shown {
		extra := min(spare, max(0, wanted[c.title]-c.width))
		spare -= extra
		widths = append(widths, c.width+extra)
	}
	return shown, widths
}

func needed(shown []column) int {
	width := len(shown) - 1
	for _, c := range shown {
		width += c.width
	}
	return width
}
