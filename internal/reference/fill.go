package main

import (
	"fmt"
	"regexp"
	"strings"
)

// fill puts the tables where text has their marks.
func fill(text string, tables map[string]func() (string, error)) (string, error) {
	begin := regexp.MustCompile(`(?m)^<!-- begin ([a-z-]+): .*-->\n`)
	var out strings.Builder
	for {
		mark := begin.FindStringSubmatchIndex(text)
		if mark == nil {
			out.WriteString(text)
			return out.String(), nil
		}
		name := text[mark[2]:mark[3]]
		end := "<!-- end " + name + " -->\n"
		_, rest, found := strings.Cut(text[mark[1]:], end)
		table, known := tables[name]
		switch {
		case !found:
			return "", fmt.Errorf("there is no %q behind its beginning", strings.TrimSpace(end))
		case !known:
			return "", fmt.Errorf("there is no table %q", name)
		}
		content, err := table()
		if err != nil {
			return "", fmt.Errorf("table %q: %w", name, err)
		}
		out.WriteString(text[:mark[1]] + "\n" + content + "\n" + end)
		text = rest
	}
}

// row returns a line of a table. A bar within a cell would end it.
func row(cells ...string) string {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// head returns the first two lines of a table.
func head(columns ...string) string {
	return row(columns...) + strings.Repeat("|---", len(columns)) + "|\n"
}

func code(text string) string { return "`" + text + "`" }
