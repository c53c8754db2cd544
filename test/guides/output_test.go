package guides

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"

	"github.com/voilet/QuicFlow/internal/documents"
)

// compare returns how the output of commands differs from the block that shows it.
func compare(shown documents.Block, output string) error {
	same := printed
	if shown.Language == "json" {
		same = sameJSON
	}
	if !same(shown.Text, output) {
		return fmt.Errorf("line %d shows\n%s\nbut it printed\n%s", shown.Line, shown.Text, output)
	}
	return nil
}

func printed(shown, output string) bool {
	return expression(`\A`, shown, `\z`).MatchString(tidy(output))
}

// tidy removes blanks at the ends of lines, and ends the last one.
func tidy(text string) string {
	text = regexp.MustCompile(`(?m)[ \t\r]+$`).ReplaceAllString(text, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// elastic has what in a text that is shown stands for more than itself, and for what.
// Times, durations, ids and ports that the system chose are others each time; how wide
// a column is depends on them.
func elastic() (shown, meant []string) {
	add := func(s, m string) { shown, meant = append(shown, s), append(meant, m) }
	add(`(?m:^…\n)`, `(?:.*\n)*?`) // any lines
	add(`…`, `.*?`)                // anything within a line
	add(`[ \t]+`, `[ \t]+`)
	for _, other := range []string{
		`\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?)?`, // a time
		`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`,    // the id of a message
		`\b[A-Z2-7]{26}\b`,                      // the id of a session
		`(?:127\.0\.0\.1|\[::1\]):\d{5}\b`,      // the address of a client
		`\b(?:\d+(?:\.\d+)?(?:h|m|s|ms|µs))+\b`, // a duration
		`\b\d{10,}\b`,                           // a time as a number, the id of an event
	} {
		add(other, other)
	}
	return shown, meant
}

// expression returns one for what a text that is shown stands for, between two others.
func expression(before, text, behind string) *regexp.Regexp {
	shown, meant := elastic()
	parts := regexp.MustCompile(`(` + strings.Join(shown, `)|(`) + `)`)
	var b strings.Builder
	b.WriteString(before)
	for text = tidy(text); text != ""; {
		at := parts.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(text[:at[0]]))
		for i := range meant {
			if at[2*i+2] >= 0 {
				b.WriteString(meant[i])
			}
		}
		text = text[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(text) + behind)
	return regexp.MustCompile(b.String())
}

// sameJSON reports whether both have the same values, as far as they do not depend on
// the time. Of numbers, only small whole ones are compared.
func sameJSON(shown, output string) bool {
	a, errA := values(shown)
	b, errB := values(output)
	return errA == nil && errB == nil && same(a, b)
}

func values(text string) (any, error) {
	var all []any
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		var v any
		if err := decoder.Decode(&v); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

func same(shown, got any) bool {
	switch s := shown.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for key := range s {
			value, there := g[key]
			ok = ok && there && same(s[key], value)
		}
		return ok && len(g) == len(s)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(s) {
			return false
		}
		for i := range s {
			ok = ok && same(s[i], g[i])
		}
		return ok
	case string:
		g, ok := got.(string)
		return ok && printed(s, g)
	case float64:
		g, ok := got.(float64)
		return ok && (s == g || s >= 1000 || s != math.Trunc(s))
	default:
		return shown == got
	}
}
