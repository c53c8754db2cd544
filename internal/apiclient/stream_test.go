package apiclient_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/apiclient"
)

func TestStream(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"two":                 {"id: 1\nevent: connect\ndata: {}\n\nid: 2\ndata: x\n\n", []string{"1|connect|{}", "2|message|x"}},
		"line ends":           {"data: a\r\ndata: b\rdata: c\n\r\nid:2\r\rdata: d\r\n\r\n", []string{"|message|a\nb\nc", "2|message|d"}},
		"id stays":            {"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []string{"1|message|a", "1|message|b", "|message|c"}},
		"id with NUL":         {"id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n", []string{"1|message|a", "1|message|b"}},
		"id of no event":      {"id: 7\n\ndata: a\n\n", []string{"7|message|a"}},
		"comments":            {": hello\n\n:\n\ndata: a\n: between\ndata: b\n\n", []string{"|message|a\nb"}},
		"no data is no event": {"event: connect\n\ndata: a\n\n", []string{"|message|a"}},
		"empty data":          {"data\n\ndata\ndata\n\ndata:\n\n", []string{"|message|", "|message|\n", "|message|"}},
		"one space":           {"data:a\n\ndata:  b\n\n", []string{"|message|a", "|message| b"}},
		"unknown fields":      {"colour: red\nDATA: x\ndata : x\n data: x\n\ndata: a\n\n", []string{"|message|a"}},
		"mark":                {"\ufeffdata: a\n\n\ufeffdata: b\n\n", []string{"|message|a"}},
		"unfinished":          {"data: a\n\ndata: b\n", []string{"|message|a"}},
		"cut in a line":       {"data: a\n\ndata: b\n\nda", []string{"|message|a", "|message|b"}},
		"nothing":             {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for way, in := range map[string]io.Reader{
				"at once": strings.NewReader(test.text), "byte by byte": iotest.OneByteReader(strings.NewReader(test.text)),
			} {
				got, _, err := apiclient.ReadEvents(in)
				if diff := cmp.Diff(test.want, got); diff != "" || err != io.EOF {
					t.Errorf("%s: error %v, %s", way, err, diff)
				}
			}
		})
	}
}

func TestRetryField(t *testing.T) {
	for text, want := range map[string]string{
		"retry: 1500\n": "1.5s", "retry:7\n": "7ms", "retry: 1s\n": "0s", "retry: -1\n": "0s", "retry\n": "0s", "retry: 99999999999\n": "0s", "retry: 5\nretry: x\n": "5ms",
	} {
		if _, got, _ := apiclient.ReadEvents(strings.NewReader(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestEndlessEvents: what has no end is not kept.
func TestEndlessEvents(t *testing.T) {
	for _, line := range []string{"x", "data: 0123456789\n"} {
		in := &repeat{line: line}
		if _, _, err := apiclient.ReadEvents(in); err == nil || errors.Is(err, io.EOF) || in.n > 4<<20 {
			t.Errorf("%q: %v after %d bytes", line, err, in.n)
		}
	}
}

// repeat has one text again and again.
type repeat struct {
	line string
	n    int
}

func (r *repeat) Read(b []byte) (int, error) {
	r.n += len(r.line)
	return copy(b, r.line), nil
}

// FuzzStream: a stream gives the same events however it is cut into packets, and
// those of its lines do not depend on how they end.
func FuzzStream(f *testing.F) {
	f.Add("id: 1\nevent: connect\ndata: {}\n\n: x\n\n")
	f.Add("data: a\rdata\r\r\n\r\nretry: 5\n")
	f.Add("\ufeffdata: a\n\n\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		whole, retry, _ := apiclient.ReadEvents(strings.NewReader(text))
		parts, retry2, _ := apiclient.ReadEvents(iotest.OneByteReader(strings.NewReader(text)))
		if diff := cmp.Diff(whole, parts); diff != "" || retry != retry2 {
			t.Errorf("in parts: retry %s and %s, %s", retry, retry2, diff)
		}
		if strings.Contains(text, "\r") {
			return
		}
		for _, end := range []string{"\r", "\r\n"} {
			got, _, _ := apiclient.ReadEvents(strings.NewReader(strings.ReplaceAll(text, "\n", end)))
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("lines that end with %q: %s", end, diff)
			}
		}
	})
}
