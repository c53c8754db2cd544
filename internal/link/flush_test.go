package link_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
)

// What is sent while a write is under way goes out in one write after it.
func TestFramesShareAWrite(t *testing.T) {
	onSide(t, 1<<20, func(t *testing.T, s *side) {
		s.Hold(holding(onNormal))
		var want []string
		for i := range 101 {
			want = append(want, fmt.Sprint(i))
			if err := s.offer(t, message(want[i], 0, 100)); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				synctest.Wait() // its write is under way
			}
		}
		s.Hold(nil)
		synctest.Wait()
		if n := len(s.Writes(onNormal)); n != 2 {
			t.Errorf("%d writes, want 2", n)
		}
		if got := s.sent(onNormal); !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	})
}

// A lane opens its stream once, and has a goroutine only while it has something
// to send.
func TestQuietLane(t *testing.T) {
	onSide(t, 1<<20, func(t *testing.T, s *side) {
		for i := range 10 {
			s.Hold(holding(onNormal))
			if err := s.offer(t, message(fmt.Sprint(i), 0, 100)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := flushers(); n != 1 {
				t.Errorf("%d goroutines write, want 1", n)
			}
			s.Hold(nil)
			synctest.Wait()
			if n := flushers(); n != 0 {
				t.Errorf("%d goroutines are left of those that wrote", n)
			}
		}
		if n := len(s.Streams(onNormal)); n != 1 {
			t.Errorf("%d streams for one lane", n)
		}
	})
}

// flushers returns how many goroutines flush a lane. All goroutines would be too
// many to count: the runtime and other tests have some as well.
func flushers() int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("link.(*outbox).flush("))
}
