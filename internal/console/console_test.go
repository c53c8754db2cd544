package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// hostile has what moves a cursor, sets a title, turns the direction of text, or
// is not UTF-8.
const hostile = "a\x1b[2J\x1b]0;title\x07\r\n\t\u202eb\u009bc\u2028\x7f\xff\u200b\u00a0\U000e0001"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":            "",
		"edge 7 ü 日本": "edge 7 ü 日本",
		`back\slash"`: `back\slash"`,
		hostile:       `a\x1b[2J\x1b]0;title\a\r\n\t\u202eb\u009bc\u2028\x7f\xff\u200b\u00a0\U000e0001`,
	} {
		if got := console.Printable(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]string{"a": rapid.String().Draw(t, "text"), "b": strings.ToValidUTF8(hostile, ""), "<&>": "\u2028"}
		for _, oneLine := range []bool{true, false} {
			var out bytes.Buffer
			if err := console.WriteJSON(&out, value, oneLine); err != nil {
				t.Fatal(err)
			}
			var back map[string]string
			if err := json.Unmarshal(out.Bytes(), &back); err != nil || !cmp.Equal(value, back) {
				t.Fatalf("%q came back as %q, %v", value, back, err)
			}
			text := out.String()
			if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("not all printable: %q", text)
			}
			if oneLine && strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || !strings.Contains(text, "<&>") {
				t.Fatalf("the form is wrong: %q", text)
			}
		}
	})
}

func TestTable(t *testing.T) {
	table := console.Table{Columns: []console.Column{{Title: "NAME"}, {Title: "N", Right: true}, {Title: "STATE"}}}
	table.Row("", "a", "1", "up")
	table.Row("", "日本", "1000", "")
	table.Row("\x1b[33m", "x\x1b[2J", "20", "silent")
	var out bytes.Buffer
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := `NAME         N  STATE
a            1  up
日本      1000
` + "\x1b[33m" + `x\x1b[2J    20  silent` + "\x1b[0m\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		right bool
		want  string
	}{
		{"abc", 5, false, "abc  "}, {"abc", 5, true, "  abc"}, {"abc", 3, false, "abc"}, {"abcdef", 4, false, "abc…"},
		{"日本語", 5, false, "日本…"}, {"日本語", 4, false, "日… "}, {"abc", 0, false, ""}, {"abc", -1, false, ""}, {"", 2, true, "  "},
	} {
		if got := console.Fit(test.text, test.width, test.right); got != test.want {
			t.Errorf("%q in %d cells is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestUnits(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1m00s", time.Hour - 1: "59m59s", time.Hour: "1h00m",
		day - 1: "23h59m", day: "1d00h", 99*day + 5*time.Hour: "99d05h", 100 * day: "100d", 36500 * day: "36500d",
	} {
		if got := console.Age(d); got != want || len(got) > 6 {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for ms, want := range map[float64]string{
		0: "0.00ms", 0.054: "0.05ms", 9.994: "9.99ms", 9.996: "10.0ms", 99.96: "100ms", 999.4: "999ms", 999.6: "1.0s", 12345: "12.3s",
	} {
		if got := console.Millis(ms); got != want {
			t.Errorf("%v is %q, want %q", ms, got, want)
		}
	}
	for n, want := range map[float64]string{
		0: "0", 0.25: "0.2", 1: "1", 9.96: "10", 999: "999", 999.6: "1.0k", 1000: "1.0k", 9960: "10k", 123456: "123k", 1e6: "1.0M", math.MaxUint64: "18E",
	} {
		if got := console.Count(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[float64]string{
		0: "0", 0.5: "0.5", 1023: "1023", 1023.7: "1.0Ki", 1024: "1.0Ki", 10 * 1024: "10Ki", 1023 * 1024: "1023Ki", 5 << 30: "5.0Gi", math.MaxUint64: "16Ei",
	} {
		if got := console.Bytes(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}

// TestNoTerminal: what is not a terminal gets the exact bytes and no colours. A
// device that is no terminal is none either.
func TestNoTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	var out bytes.Buffer
	for _, w := range []io.Writer{null, &out} {
		if console.IsTerminal(w) || console.ColoursFor(w) != (console.Colours{}) {
			t.Errorf("%T counts as a terminal", w)
		}
	}
	if err := console.WriteBytes(&out, []byte(hostile)); err != nil || out.String() != hostile {
		t.Errorf("%q was written as %q, %v", hostile, out.String(), err)
	}
}

// TestBytesForATerminal: lines stay lines, and nothing steers it.
func TestBytesForATerminal(t *testing.T) {
	for data, want := range map[string]string{
		"": "", "done": "done\n", "done\n": "done\n", "\n": "\n", "a\n\n": "a\n\n", "\tone\ntwo\r\n\x1b[2J\xff": "\tone\ntwo\\r\n\\x1b[2J\\xff\n",
	} {
		if got := string(console.ForTerminal([]byte(data))); got != want {
			t.Errorf("%q becomes %q, want %q", data, got, want)
		}
	}
}

func TestReadAll(t *testing.T) {
	got, err := console.ReadAll(t.Context(), strings.NewReader("hello"), 5)
	if string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if got, err := console.ReadAll(t.Context(), strings.NewReader("hello"), 3); string(got) != "hell" || err != nil {
		t.Errorf("over the limit: %q, %v", got, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	lunch := errors.New("lunch")
	cancel(lunch)
	if _, err := console.ReadAll(ctx, r, 5); err != lunch {
		t.Errorf("called off: %v", err)
	}
}
