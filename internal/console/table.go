package console

import (
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// gap is between two columns.
const gap = "  "

// Column is a column of a table.
type Column struct {
	Title string
	Right bool // numbers are aligned to the right
}

// Table has columns as wide as their widest cell.
type Table struct {
	Columns []Column
	Colours Colours
	rows    []row
}

type row struct {
	colour string
	cells  []string
}

// Row adds a row with a cell for each column. What is not printable is escaped.
// colour is one of t.Colours, or empty.
func (t *Table) Row(colour string, cells ...string) {
	for i := range cells {
		cells[i] = Printable(cells[i])
	}
	t.rows = append(t.rows, row{colour, cells})
}

// Write writes the titles and the rows.
func (t *Table) Write(w io.Writer) error {
	titles := row{colour: t.Colours.Bold}
	for _, column := range t.Columns {
		titles.cells = append(titles.cells, column.Title)
	}
	rows := append([]row{titles}, t.rows...)
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row.cells {
			widths[i] = max(widths[i], Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := make([]string, len(row.cells))
		for i, cell := range row.cells {
			line[i] = Fit(cell, widths[i], t.Columns[i].Right)
		}
		b.WriteString(Paint(row.colour, strings.TrimRight(strings.Join(line, gap), " ")) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Paint returns text in one of [Colours]; an empty one changes nothing.
func Paint(colour, text string) string {
	if colour == "" {
		return text
	}
	return colour + text + "\x1b[0m"
}

// Width returns how many cells of a terminal text takes.
func Width(text string) int { return ansi.StringWidth(text) }

// Fit returns text cut or padded to width cells.
func Fit(text string, width int, right bool) string {
	text = ansi.Truncate(text, max(width, 0), "…")
	padding := strings.Repeat(" ", max(width-Width(text), 0))
	if right {
		return padding + text
	}
	return text + padding
}
