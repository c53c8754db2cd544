package policy

import "strings"

// pattern is a text in which each * stands for any text, also an empty one.
type pattern string

func (p pattern) matches(text string) bool {
	before, rest, wild := strings.Cut(string(p), "*")
	if !wild {
		return text == before
	}
	text, ok := strings.CutPrefix(text, before)
	for ok {
		var part string
		if part, rest, wild = strings.Cut(rest, "*"); !wild {
			return strings.HasSuffix(text, part)
		}
		// The first place will do: what follows has the most room then.
		_, text, ok = strings.Cut(text, part)
	}
	return false
}

// first returns the first pattern that matches.
func first(patterns []pattern, text string) (pattern, bool) {
	for _, p := range patterns {
		if p.matches(text) {
			return p, true
		}
	}
	return "", false
}
