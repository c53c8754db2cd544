package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/voilet/QuicFlow/internal/load"
)

// table returns lines of Markdown.
func table(head []string, lines [][]string) string {
	var b strings.Builder
	b.WriteString("| " + strings.Join(head, " | ") + " |\n" + strings.Repeat("|---", len(head)) + "|\n")
	for _, line := range lines {
		b.WriteString("| " + strings.Join(line, " | ") + " |\n")
	}
	return b.String()
}

// figures returns the table of all figures, with the ratio of ours to each behind it.
func figures(r *results) string {
	head := []string{"work"}
	for _, s := range order() {
		head = append(head, title(s))
	}
	var lines [][]string
	for _, row := range rows() {
		kept := r.Rows[row.key]
		if kept == nil {
			continue
		}
		line := []string{row.title}
		for _, s := range order() {
			line = append(line, cell(row, kept, s))
		}
		lines = append(lines, line)
	}
	return table(head, lines)
}

func cell(row row, kept *rowResults, system string) string {
	figure, ok := kept.figure(system, row.measure)
	switch {
	case !slices.Contains(row.systems, system):
		return ""
	case !ok && len(kept.Reports[system]) > 0:
		return "failed"
	case !ok:
		return "not measured"
	case system == ours:
		return "**" + row.measure.format(figure) + "**"
	}
	text := row.measure.format(figure)
	if ratio, ok := kept.ratio(system, row.measure); ok {
		text += fmt.Sprintf(" (%.2f)", ratio)
	}
	return text
}

// goals returns the table of what ours should be and is.
func goals(r *results) string {
	var lines [][]string
	for _, row := range rows() {
		kept := r.Rows[row.key]
		if kept == nil {
			continue
		}
		figure, measured := kept.figure(ours, row.measure)
		for _, g := range row.goals {
			ratio, compared := kept.ratio(g.peer, row.measure)
			want, is := goalText(row, g), "not measured"
			switch {
			case g.absolute > 0 && measured:
				is = row.measure.format(figure)
			case g.absolute == 0 && compared:
				is = fmt.Sprintf("%.2f", ratio)
			}
			verdict := "no"
			if is == "not measured" {
				verdict = ""
			} else if g.met(figure, ratio, row.measure.lower) {
				verdict = "yes"
			}
			lines = append(lines, []string{row.title, want, is, verdict})
		}
	}
	return table([]string{"work", "goal", "measured", "met"}, lines)
}

func goalText(row row, g goal) string {
	bound := "≥"
	if row.measure.lower {
		bound = "≤"
	}
	if g.absolute > 0 {
		return bound + " " + row.measure.format(g.absolute)
	}
	return fmt.Sprintf("%s %g × %s", bound, g.ratio, title(g.peer))
}

// costs returns the table of the time of the processors that a message takes.
func costs(r *results) string {
	head := []string{"CPU for a message, hub + load"}
	for _, s := range order() {
		head = append(head, title(s))
	}
	var lines [][]string
	for _, row := range rows() {
		kept := r.Rows[row.key]
		if kept == nil || row.spec.Work == load.Idle || row.spec.Size != 128 {
			continue
		}
		line := []string{strings.TrimSuffix(strings.TrimSuffix(row.title, ", per second"), ", p50")}
		for _, s := range order() {
			hub, ok := kept.figure(s, measure{of: func(r load.Report) float64 { return r.HubCPUPerMsg }})
			load, _ := kept.figure(s, measure{of: func(r load.Report) float64 { return r.LoadCPUPerMsg }})
			text := ""
			if ok {
				text = fmt.Sprintf("%s + %s µs", short(hub), short(load))
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	return table(head, lines)
}

func short(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.1f", f)
}

// places returns where and when all was measured.
func places(r *results) string {
	found := map[string][]string{}
	for _, row := range rows() {
		if kept := r.Rows[row.key]; kept != nil {
			found[kept.place()] = append(found[kept.place()], row.key)
		}
	}
	var b strings.Builder
	for _, place := range slices.Sorted(maps.Keys(found)) {
		which := strings.Join(found[place], ", ")
		if len(found) == 1 {
			which = "all rows"
		}
		fmt.Fprintf(&b, "- %s: %s\n", which, place)
	}
	if b.Len() == 0 {
		return "Nothing has been measured yet.\n"
	}
	return b.String()
}

func (r *rowResults) place() string {
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(r.Machine.Versions)) {
		versions = append(versions, name+" "+r.Machine.Versions[name])
	}
	rounds := 0
	for _, reports := range r.Reports {
		rounds = max(rounds, len(reports))
	}
	return fmt.Sprintf("%s; %s; %s", r.Machine, strings.Join(versions, ", "), r.When.Format("2 January 2006"))
}
