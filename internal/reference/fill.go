package main

import (
	"fmt"
	"regexp"
	"strings"
)

// fill puts tables where text has their marks.
func fill(text string, table func(name string) (string, error)) (string, error) {
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
		if !found {
			return "", fmt.Errorf("there is no %q behind its beginning", strings.TrimSpace(end))
		}
		content, err := table(name)
		if err != nil {
			return "", fmt.Errorf("table %q: %w", name, err)
		}
		out.WriteString(text[:mark[1]] + "\n" + content + "\n" + end)
		text = rest
	}
}
