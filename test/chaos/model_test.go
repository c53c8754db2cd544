package chaos

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// expectation is what the model allows.
type expectation struct {
	messages int  // that were sent each way
	stays    bool // the connection does, so that each message has to be acknowledged
	restarts bool // a process does not live on, so that outcomes may be unknown for good
}

// compare returns what is wrong with the history of the messages from one end to another.
func compare(from, to *journal, want expectation) (problems []string) {
	wrong := func(n int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("message %d: ", n)+fmt.Sprintf(format, args...))
	}
	if len(from.Sent) != want.messages {
		problems = append(problems, fmt.Sprintf("%d messages have an outcome, want %d", len(from.Sent), want.messages))
	}
	for _, n := range slices.Sorted(maps.Keys(from.Sent)) {
		f, handled := from.Sent[n], to.Handled[n]
		least, most := bounds(f.Outcome)
		if handled < least || handled > most {
			wrong(n, "%s, and handled %d times (%s)", f.Outcome, handled, f.Error)
		}
		if !want.allows(f) {
			wrong(n, "%s: %s", f.Outcome, f.Error)
		}
	}
	for n := range to.Handled {
		if _, ok := from.Sent[n]; !ok {
			wrong(n, "handled, and never sent")
		}
	}
	return problems
}

// bounds says how often a message with this outcome was handled.
func bounds(o outcome) (least, most int) {
	switch o {
	case success:
		return 1, 1
	case unknown:
		return 0, 1
	default: // nobody fails here who has a message
		return 0, 0
	}
}

// allows reports whether a message may end like this, whose time was long enough.
func (e expectation) allows(f fate) bool {
	switch f.Outcome {
	case success:
		return true
	case notSent: // a hub does not wait for a client
		reasons := []qerrors.Code{qerrors.UnknownClient, qerrors.NotConnected, qerrors.Draining}
		return !e.stays && slices.ContainsFunc(reasons, func(c qerrors.Code) bool { return f.Code == c.String() })
	case unknown: // messages outlive their connection, but not a process
		return !e.stays && e.restarts
	default:
		return false
	}
}

// TestModelCanFail shows made-up histories to the model.
func TestModelCanFail(t *testing.T) {
	for name, test := range map[string]struct {
		want    expectation
		fate    fate
		handled int
		ok      bool
	}{
		"once":                      {expectation{stays: true}, fate{Outcome: success}, 1, true},
		"lost":                      {expectation{}, fate{Outcome: success}, 0, false},
		"twice":                     {expectation{}, fate{Outcome: success}, 2, false},
		"unknown, not handled":      {expectation{restarts: true}, fate{Outcome: unknown}, 0, true},
		"unknown, handled":          {expectation{restarts: true}, fate{Outcome: unknown}, 1, true},
		"unknown, handled twice":    {expectation{restarts: true}, fate{Outcome: unknown}, 2, false},
		"unknown, on a connection":  {expectation{stays: true}, fate{Outcome: unknown}, 1, false},
		"unknown, both live":        {expectation{}, fate{Outcome: unknown}, 1, false},
		"not sent":                  {expectation{}, fate{Outcome: notSent, Code: qerrors.UnknownClient.String()}, 0, true},
		"not sent, handled":         {expectation{}, fate{Outcome: notSent, Code: qerrors.UnknownClient.String()}, 1, false},
		"not sent, for no reason":   {expectation{}, fate{Outcome: notSent, Code: qerrors.Timeout.String()}, 0, false},
		"not sent, on a connection": {expectation{stays: true}, fate{Outcome: notSent, Code: qerrors.UnknownClient.String()}, 0, false},
		"refused":                   {expectation{}, fate{Outcome: refused}, 0, false},
		"says neither":              {expectation{}, fate{Outcome: untrue}, 0, false},
	} {
		from, to := newJournal(), newJournal()
		test.want.messages = 1
		from.Sent[3], to.Handled[3] = test.fate, test.handled
		if problems := compare(from, to, test.want); (problems == nil) != test.ok {
			t.Errorf("%s: %q", name, problems)
		}
	}
	from, to := newJournal(), newJournal()
	to.Handled[1] = 1
	if problems := compare(from, to, expectation{messages: 1}); len(problems) != 2 {
		t.Errorf("a message that is missing, and one that was never sent: %q", problems)
	}
}
