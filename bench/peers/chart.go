package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// Sizes in the chart, in pixels.
const (
	columnWidth = 430
	nameWidth   = 118
	valueWidth  = 70
	barHeight   = 15
	panelHead   = 34
	panelGap    = 14
	margin      = 10
)

const chartStyle = `<style>
text { font: 12px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600 }
.bar { fill: #9aa5b1 }
.ours { fill: #2563eb }
@media (prefers-color-scheme: dark) {
text { fill: #ddd }
.bar { fill: #64707d }
.ours { fill: #60a5fa }
}
</style>
`

// panel is a row of the table as bars.
type panel struct {
	title string
	bars  []bar
}

type bar struct {
	system string
	figure float64
	text   string
}

// chart returns an SVG with a panel for each row that was measured, in two columns.
func chart(r *results) string {
	var body strings.Builder
	top := margin
	for pair := range slices.Chunk(panels(r), 2) {
		tallest := 0
		for column, p := range pair {
			p.draw(&body, margin+column*columnWidth, top)
			tallest = max(tallest, len(p.bars))
		}
		top += panelHead + tallest*barHeight + panelGap
	}
	width, height := 2*(columnWidth+margin), top+margin
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"+
		"<title>The QUIC Backbone and its peers</title>\n", width, height, width, height) + chartStyle + body.String() + "</svg>\n"
}

func panels(r *results) []panel {
	var all []panel
	for _, row := range rows() {
		kept := r.Rows[row.key]
		if kept == nil {
			continue
		}
		p := panel{title: row.title}
		if row.measure.lower {
			p.title += " (less is better)"
		}
		for _, s := range order() {
			if figure, ok := kept.figure(s, row.measure); ok {
				p.bars = append(p.bars, bar{s, figure, row.measure.format(figure)})
			}
		}
		if len(p.bars) > 0 {
			all = append(all, p)
		}
	}
	return all
}

func (p panel) draw(b *strings.Builder, x, y int) {
	longest := 0.0
	for _, bar := range p.bars {
		longest = max(longest, bar.figure)
	}
	fmt.Fprintf(b, "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n", x, y+panelHead-14, html.EscapeString(p.title))
	for i, bar := range p.bars {
		top, class := y+panelHead+i*barHeight, "bar"
		if bar.system == ours {
			class = "ours"
		}
		length := 0.0
		if longest > 0 {
			length = bar.figure / longest * (columnWidth - nameWidth - valueWidth - margin)
		}
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>", x, top+barHeight-5, html.EscapeString(title(bar.system)))
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", class, x+nameWidth, top+1, length, barHeight-4)
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", float64(x+nameWidth)+length+5, top+barHeight-5, html.EscapeString(bar.text))
	}
}
