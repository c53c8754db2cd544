package link

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestClock: it says what time.Now does, however seldom it is asked, and never goes back.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		for i := range 100 {
			if got, want := c.now(), time.Now(); !got.Equal(want) || got.Sub(want) != 0 {
				t.Errorf("after %d steps it is %v, want %v", i, got, want)
			}
			time.Sleep(time.Duration(i*i) * time.Millisecond / 100)
		}
	})
}
