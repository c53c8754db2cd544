package fields_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/fields"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestDuration(t *testing.T) {
	const def = 15 * time.Second
	for _, test := range []struct {
		value, want time.Duration
		fails       bool
	}{
		{0, def, false},
		{1, 1, true},
		{fields.MinDuration - 1, fields.MinDuration - 1, true},
		{fields.MinDuration, fields.MinDuration, false},
		{time.Hour, time.Hour, false},
		{fields.MaxDuration, fields.MaxDuration, false},
		{math.MaxInt64, math.MaxInt64, true},
		{-1, -1, true},
		{math.MinInt64, math.MinInt64, true},
	} {
		var c fields.Checker
		got := test.value
		c.Duration("HeartbeatInterval", &got, def)
		if got != test.want {
			t.Errorf("%v became %v, want %v", test.value, got, test.want)
		}
		check(t, &c, test.fails, "HeartbeatInterval", "15s")
	}
}

func TestInt(t *testing.T) {
	const def, highest = 10, 20
	for _, test := range []struct {
		value, want int
		fails       bool
	}{
		{0, def, false},
		{1, 1, false},
		{highest, highest, false},
		{highest + 1, highest + 1, true},
		{-1, -1, true},
		{math.MinInt, math.MinInt, true},
		{math.MaxInt, math.MaxInt, true},
	} {
		var c fields.Checker
		got := test.value
		c.Int("Workers", &got, def, highest)
		if got != test.want {
			t.Errorf("%d became %d, want %d", test.value, got, test.want)
		}
		check(t, &c, test.fails, "Workers", "1 to 20", "default of 10")
	}
}

// check fails the test unless c has, or has not, an error with these words.
func check(t *testing.T, c *fields.Checker, fails bool, words ...string) {
	t.Helper()
	err := c.Err()
	if !fails {
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
		return
	}
	if !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Fatalf("%v is not %v", err, qerrors.ErrInvalidConfig)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

// TestAll: one error names everything that is wrong, so that nobody mends one
// field after another.
func TestAll(t *testing.T) {
	var c fields.Checker
	if err := c.Err(); err != nil {
		t.Fatalf("nothing was checked: %v", err)
	}
	negative := -time.Second
	workers := 99
	c.Duration("Timeout", &negative, time.Second)
	c.Int("Workers", &workers, 1, 10)
	c.Require(true, "all is well")
	c.Require(false, "cannot read %s: %w", "ca.crt", io.ErrUnexpectedEOF)
	check(t, &c, true, "Timeout is -1s", "Workers is 99", "cannot read ca.crt: unexpected EOF")
	err := c.Err()
	if strings.Contains(err.Error(), "all is well") {
		t.Errorf("%q names what is right", err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q has lost its cause", err)
	}
}
