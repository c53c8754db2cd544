// Package fields fills in the defaults of configuration structs, and finds the
// values that cannot be meant.
package fields

import (
	"errors"
	"fmt"
	"net"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Checker collects what is wrong with the fields of one struct.
type Checker struct {
	errs []error
}

// The shortest and the longest time that can be meant. What is shorter would keep a
// processor busy with checks, or give nobody the time to answer.
const (
	MinDuration = time.Millisecond
	MaxDuration = 10 * 365 * 24 * time.Hour
)

// Duration sets *v to def if it is zero. Otherwise it has to be from [MinDuration] to
// [MaxDuration].
func (c *Checker) Duration(name string, v *time.Duration, def time.Duration) {
	standard := ""
	if def > 0 {
		standard = " of " + def.String()
	}
	c.Require(*v == 0 || *v >= MinDuration && *v <= MaxDuration, "%s is %v: use a time from 1ms to ten years, or 0 for the default%s", name, *v, standard)
	if *v == 0 {
		*v = def
	}
}

// Int sets *v to def if it is zero. A value below 0 or above highest is an error.
func (c *Checker) Int(name string, v *int, def, highest int) {
	c.Require(*v >= 0 && *v <= highest, "%s is %d: use 1 to %d, or 0 for the default of %d", name, *v, highest, def)
	if *v == 0 {
		*v = def
	}
}

// Address requires v to be host:port, with both, or empty.
func (c *Checker) Address(name, v string) {
	host, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = net.LookupPort("udp", port)
	}
	c.Require(v == "" || err == nil && host != "", "%s is %q: write host:port", name, v)
}

// Optional notes an error unless v is 0, for no limit, or from 1 to highest.
func (c *Checker) Optional(name string, v, highest int) {
	c.Require(v >= 0 && v <= highest, "%s is %d: use 1 to %d, or 0 for no limit", name, v, highest)
}

// Require notes an error unless ok.
func (c *Checker) Require(ok bool, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

// Err returns all that was found as one error with code InvalidConfig, or nil.
func (c *Checker) Err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return qerrors.New(qerrors.InvalidConfig, "%w", errors.Join(c.errs...))
}
