// Package console is what programs for people at a terminal have in common: text
// that cannot steer it, tables, units, colours, JSON, and input that may be called
// off.
package console

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Printable returns text with all that is not printable escaped as in Go: what
// clients call themselves, or give as a reason, could move the cursor, or turn the
// direction of what follows.
func Printable(text string) string { return escape(text, "") }

// escape escapes what is neither printable nor in kept.
func escape(text, kept string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case strconv.IsPrint(r) || strings.ContainsRune(kept, r):
			b.WriteString(text[:size])
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// WriteBytes writes data as it is, so that scripts get the exact bytes. A terminal
// gets the lines of what is printable, and an end of the last one.
func WriteBytes(w io.Writer, data []byte) error {
	if IsTerminal(w) {
		data = forTerminal(data)
	}
	_, err := w.Write(data)
	return err
}

func forTerminal(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return []byte(strings.TrimSuffix(escape(string(data), "\n\t"), "\n") + "\n")
}

// WriteJSON writes v as JSON for people and programs: on lines of its own, or on
// one line.
func WriteJSON(w io.Writer, v any, oneLine bool) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if !oneLine {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, printableJSON(b.String()))
	return err
}

// printableJSON returns the same JSON with all that is not printable escaped, which
// can only be in strings.
func printableJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
