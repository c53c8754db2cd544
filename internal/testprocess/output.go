package testprocess

import (
	"strings"
	"sync"
)

// output is what a program has written so far.
type output struct {
	mu             sync.Mutex
	stdout, stderr strings.Builder
	changed        chan struct{} // closed and replaced when there is more
}

// stream is one of the two.
type stream struct {
	out  *output
	text *strings.Builder
}

func (s stream) Write(b []byte) (int, error) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	close(s.out.changed)
	s.out.changed = make(chan struct{})
	return s.text.Write(b)
}

func (o *output) change() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

func (o *output) read(text *strings.Builder) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return text.String()
}

// find returns the first whole line that has words in it.
func (o *output) find(words string) (string, bool) {
	for _, text := range []*strings.Builder{&o.stdout, &o.stderr} {
		for line := range strings.Lines(o.read(text)) {
			if strings.HasSuffix(line, "\n") && strings.Contains(line, words) {
				return strings.TrimSuffix(line, "\n"), true
			}
		}
	}
	return "", false
}
