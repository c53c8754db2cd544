package chaos

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// row is what came out of a cell, of all its runs together.
type row struct {
	title
	messages, notSent, unknown, reconnects int
	acked                                  []time.Duration // how long each took; sorted
	recovery                               time.Duration   // from the network's return to the first acknowledgement; the longest of all runs
}

func (r *row) add(other row) {
	r.messages += other.messages
	r.notSent += other.notSent
	r.unknown += other.unknown
	r.reconnects += other.reconnects
	r.acked = append(r.acked, other.acked...)
	slices.Sort(r.acked)
	r.recovery = max(r.recovery, other.recovery)
}

// The documents with the tables, and what stands above the columns.
type document struct {
	path  string
	head  string
	title func(title) string
}

func documents() []document {
	return []document{
		{"../../docs/network-reliability.md",
			"| network | messages | handled once | not sent | outcome unknown | acknowledged after, median | at most | reconnects | back after |",
			func(t title) string { return t.en }},
		{"../../docs/zh/network-reliability.md",
			"| 网络 | 消息 | 恰好处理一次 | 未发送 | 结果未知 | 确认耗时，中位数 | 最长 | 重连 | 恢复耗时 |",
			func(t title) string { return t.zh }},
	}
}

func marks(name string) (begin, end string) {
	return fmt.Sprintf("<!-- chaos %s: written by \"make test-chaos\" -->\n", name), fmt.Sprintf("<!-- end of chaos %s -->\n", name)
}

// writeTable puts rows between the marks of this name, if all was run and nothing has
// failed; and in any case finds that the documents have a line for each.
func writeTable(t *testing.T, name string, rows []row) {
	t.Helper()
	for _, d := range documents() {
		text, err := os.ReadFile(d.path)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := marks(name)
		before, rest, found := strings.Cut(string(text), begin)
		table, after, found2 := strings.Cut(rest, end)
		if !found || !found2 {
			t.Fatalf("%s has no lines %q and %q", d.path, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		if *full && !t.Failed() {
			table = "\n" + d.table(rows) + "\n"
			if err := os.WriteFile(d.path, []byte(before+begin+table+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var missing []string
		for _, r := range rows {
			if !strings.Contains(table, "\n| "+d.title(r.title)+" | ") {
				missing = append(missing, r.en)
			}
		}
		if missing != nil {
			t.Errorf("%s says nothing of %q: run \"make test-chaos\" and commit it", d.path, missing)
		}
	}
}

func (d document) table(rows []row) string {
	var b strings.Builder
	b.WriteString(d.head + "\n" + strings.Repeat("|---", strings.Count(d.head, "|")-1) + "|\n")
	for _, r := range rows {
		b.WriteString(d.line(r) + "\n")
	}
	return b.String()
}

func (d document) line(r row) string {
	median, longest, back := "", "", ""
	if n := len(r.acked); n > 0 {
		median, longest = round(r.acked[n/2]), round(r.acked[n-1])
	}
	if r.recovery > 0 {
		back = round(r.recovery)
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %s | %s | %d | %s |", d.title(r.title),
		r.messages, len(r.acked), r.notSent, r.unknown, median, longest, r.reconnects, back)
}

// round leaves what somebody else would measure as well.
func round(d time.Duration) string {
	switch {
	case d >= 10*s:
		return fmt.Sprintf("%g s", d.Round(s).Seconds())
	case d >= s:
		return fmt.Sprintf("%g s", d.Round(100*ms).Seconds())
	case d >= 10*ms:
		d = d.Round(10 * ms)
	}
	return fmt.Sprintf("%d ms", max(d.Milliseconds(), 1))
}
