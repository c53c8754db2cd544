package load

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestOrdersOfStrangers: whatever is ordered, the hub answers or says why not.
func TestOrdersOfStrangers(t *testing.T) {
	for _, test := range []struct{ order, want string }{
		{``, "not an order"},
		{`[1]`, "not an order"},
		{`{}`, `nothing is known about the order ""`},
		{`{"do":"dance"}`, `nothing is known about the order "dance"`},
		{`{"do":"down"}`, "the order says not what to do"},
		{`{"do":"down","spec":{"work":"down","conns":1000000000}}`, "1000000000 connections: use 1 to 1000000"},
		{`{"do":"progress"}`, "the hub was not told to ask anybody"},
		{`{"do":"stop"}`, ""},
		{`{"do":"sample"}`, ""},
		{`{"do":"sample","collect":true}`, ""},
	} {
		answer, err := newMemory().orders.Handle(t.Context(), []byte(test.order))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.order, err, test.want)
		}
		if err == nil && !json.Valid(answer) {
			t.Errorf("%s: the answer is %q", test.order, answer)
		}
	}
}

// TestOrdersToStrangers: a hub whose handler sends back what it gets, as that of an
// ordinary hub may, has not carried out anything.
func TestOrdersToStrangers(t *testing.T) {
	for _, work := range Works() {
		for _, echo := range []func(string) string{strings.Clone, strings.ToUpper, func(string) string { return "OK" }} {
			m := newMemory()
			m.onOrder = func(order []byte) []byte { return []byte(echo(string(order))) }
			do(t, m, Spec{Work: work, Conns: 3, Duration: time.Second}, func(t *testing.T, r Report, err error) {
				if !errors.Is(err, qerrors.ErrIncompatible) {
					t.Errorf("%s: %+v, error %v; want %v", work, r, err, qerrors.ErrIncompatible)
				}
				if got := m.tally.Counts(); got.Received != 0 || m.dialed != 0 {
					t.Errorf("%s: load was put on it: %+v, %d connections", work, got, m.dialed)
				}
			})
		}
	}
}

// TestDownThatDoesNotStop: a run that was interrupted ends, whatever the hub says.
func TestDownThatDoesNotStop(t *testing.T) {
	m := newMemory()
	m.onOrder = func(text []byte) []byte {
		if strings.Contains(string(text), progressOrder) {
			return []byte(`{"to":"progress","result":{"done":false}}`)
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		spec := Spec{Work: Down, Conns: 1, InFlight: 1, Size: 128, Duration: time.Minute}
		if _, err := (&Run{Spec: spec, Network: m}).Do(ctx); err == nil || !strings.Contains(err.Error(), "told to stop") {
			t.Errorf("error %v, want that the hub does not stop", err)
		}
	})
}

// TestOneDownAtATime: a second one would measure the first.
func TestOneDownAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.onAsk = func([]byte) error { time.Sleep(time.Second); return nil }
		const begin = `{"do":"down","spec":{"work":"down","conns":1,"in_flight":1,"size":128,"messages":5}}`
		if _, err := m.orders.Handle(t.Context(), []byte(begin)); err != nil {
			t.Fatal(err)
		}
		if _, err := m.orders.Handle(t.Context(), []byte(begin)); err == nil || !strings.Contains(err.Error(), "wait for its end") {
			t.Errorf("the second one: error %v", err)
		}
		time.Sleep(6 * time.Second)
		if _, err := m.orders.Handle(t.Context(), []byte(begin)); err != nil {
			t.Fatalf("after the end of the first: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
		m.orders.Stop() // which waits for the one that is under way
		text, err := m.orders.Handle(t.Context(), []byte(`{"do":"progress"}`))
		if want := `{"to":"progress","result":{"done":true,"messages":1,"errors":0,"elapsed":1001000000,"latencies":"`; err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("after a stop: %s, %v", text, err)
		}
	})
}
