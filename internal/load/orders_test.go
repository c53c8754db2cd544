package load

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
		if want := `{"done":true,"messages":1,"errors":0,"elapsed":1001000000,"latencies":"`; err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("after a stop: %s, %v", text, err)
		}
	})
}
