package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/voilet/QuicFlow/internal/eventlog"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(eventlog.Size)
		r, after := h.log.Follow(all...)
		defer r.Close()
		begun := time.Now()
		h.hooks.OnConnect("a")
		time.Sleep(time.Second)
		h.receive("m-1", "a")
		h.hooks.OnHeartbeatTimeout("a")
		h.hooks.OnDisconnect("a", qerrors.New(qerrors.HeartbeatTimeout, "nothing was heard for too long"))
		h.hooks.OnDisconnect("b", nil)
		want := &eventlog.Batch{After: after, Events: []eventlog.Event{
			{ID: after + 1, Kind: eventlog.Connect, Time: begun, ClientID: "a"},
			{ID: after + 2, Kind: eventlog.Message, Time: begun.Add(time.Second), ClientID: "a", MsgID: "m-1"},
			{ID: after + 3, Kind: eventlog.HeartbeatTimeout, Time: begun.Add(time.Second), ClientID: "a"},
			{ID: after + 4, Kind: eventlog.Disconnect, Time: begun.Add(time.Second), ClientID: "a",
				Code: qerrors.HeartbeatTimeout, Reason: "nothing was heard for too long"},
			{ID: after + 5, Kind: eventlog.Disconnect, Time: begun.Add(time.Second), ClientID: "b"},
		}}
		if diff := cmp.Diff(want, next(t, r), cmpopts.IgnoreUnexported(eventlog.Event{})); diff != "" {
			t.Error(diff)
		}
		if batch := next(t, r); batch != nil {
			t.Errorf("there is more: %+v", batch)
		}
	})
}

// TestFloodOfOneKind: it takes nothing from the others.
func TestFloodOfOneKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(eventlog.Size)
		r, after := h.log.Follow(all...)
		defer r.Close()
		h.hooks.OnConnect("a")
		for range 3 * eventlog.Size {
			h.receive("m", "a")
		}
		sessions := h.log.Resume(after, eventlog.Connect, eventlog.Disconnect)
		if batch := next(t, sessions); batch == nil || len(batch.Events) != 1 || batch.Missed != 0 {
			t.Errorf("a reader of connects gets %+v", batch)
		}
		got := next(t, r)
		if got.Missed != 2*eventlog.Size || got.After != after {
			t.Errorf("missed %d after %d, want %d after %d", got.Missed, got.After, 2*eventlog.Size, after)
		}
		read := 0
		for ; got != nil; got = next(t, r) {
			read += len(got.Events)
		}
		if read != 1+eventlog.Size {
			t.Errorf("read %d events, want the connect and %d messages", read, eventlog.Size)
		}
	})
}

// TestMessagesAreRecordedForReaders: only while there are some, and for a minute.
func TestMessagesAreRecordedForReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(eventlog.Size)
		defer h.log.Close()
		recorded := func() bool { return h.hooks.PerMessage.Load() }
		h.receive("before", "a")
		sessions, _ := h.log.Follow(eventlog.Connect)
		defer sessions.Close()
		if recorded() {
			t.Error("messages are recorded though nobody wants them")
		}
		r, after := h.log.Follow(eventlog.Message)
		if batch := next(t, r); batch != nil {
			t.Errorf("a new reader gets %+v", batch)
		}
		r.Close()
		time.Sleep(59 * time.Second)
		h.receive("meanwhile", "a")
		r = h.log.Resume(after, eventlog.Message)
		if batch := next(t, r); batch == nil || batch.Missed != 0 || batch.Events[0].MsgID != "meanwhile" {
			t.Errorf("a reader that was away for less than a minute gets %+v", batch)
		} else {
			after = batch.Events[0].ID
		}
		time.Sleep(2 * time.Minute)
		if !recorded() {
			t.Error("messages are not recorded though there is a reader")
		}
		for range 2 { // each reader that leaves begins a new minute
			r.Close()
			time.Sleep(40 * time.Second)
			if r, _ = h.log.Follow(eventlog.Message); !recorded() {
				t.Error("messages are not recorded 40 s after a reader left")
			}
			r.Close()
			time.Sleep(40 * time.Second)
			if !recorded() {
				t.Error("messages are not recorded 40 s after another one left")
			}
		}
		time.Sleep(21 * time.Second)
		if recorded() {
			t.Error("messages are still recorded")
		}
		for range 3 {
			h.receive("lost", "a")
		}
		r = h.log.Resume(after, eventlog.Message)
		defer r.Close()
		h.receive("late", "a")
		if batch := next(t, r); batch == nil || batch.Missed != 3 || batch.Events[0].MsgID != "late" {
			t.Errorf("a reader that was away for long gets %+v", batch)
		}
	})
}

// TestIDsOfAnotherLog: a reader that resumes after one gets what this log has, and
// is told.
func TestIDsOfAnotherLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		former := newHub(eventlog.Size)
		former.hooks.OnConnect("a")
		r, old := former.log.Follow(all...)
		r.Close()
		former.log.Close()
		time.Sleep(time.Millisecond)

		h := newHub(eventlog.Size)
		defer h.log.Close()
		h.receive("m", "b")
		_, first := h.log.Follow(eventlog.Connect)
		if first <= old {
			t.Errorf("ids begin at %d, those of the log before ended at %d", first, old)
		}
		h.hooks.OnConnect("b")
		for _, id := range []uint64{0, old, first + 100} {
			r := h.log.Resume(id, eventlog.Connect)
			batch := next(t, r)
			if batch == nil || !batch.Restarted || batch.Missed != 0 || len(batch.Events) != 1 || batch.Events[0].ID <= batch.After {
				t.Errorf("after id %d: %+v", id, batch)
			}
			if batch := next(t, r); batch != nil {
				t.Errorf("after id %d there is more: %+v", id, batch)
			}
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(eventlog.Size)
		ended := make(chan error, 2)
		waiting, _ := h.log.Follow(all...)
		go func() {
			_, err := waiting.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		behind, _ := h.log.Follow(eventlog.Disconnect)
		h.hooks.OnDisconnect("a", nil)
		if err := <-ended; err != nil {
			t.Errorf("a waiting reader ended with %v, want the event", err)
		}
		go func() {
			_, err := waiting.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		h.log.Close()
		h.log.Close()
		if err := <-ended; !errors.Is(err, qerrors.ErrClosed) {
			t.Errorf("a waiting reader ended with %v", err)
		}
		if batch, err := behind.Next(t.Context()); err != nil || len(batch.Events) != 1 {
			t.Errorf("a reader that is behind gets %+v and %v", batch, err)
		}
		if _, err := behind.Next(t.Context()); !errors.Is(err, qerrors.ErrClosed) {
			t.Errorf("then it gets %v", err)
		}
		waiting.Close()
		behind.Close()
		late, _ := h.log.Follow(all...)
		if _, err := late.Next(t.Context()); !errors.Is(err, qerrors.ErrClosed) || h.hooks.PerMessage.Load() {
			t.Errorf("a late reader gets %v; messages are recorded: %v", err, h.hooks.PerMessage.Load())
		}
		late.Close()
	})
}

// TestConcurrentReaders: each reads everything in order while it happens.
func TestConcurrentReaders(t *testing.T) {
	const events = 5000
	h := newHub(eventlog.Size)
	var wg sync.WaitGroup
	for i := range 8 {
		r, _ := h.log.Follow(all...)
		wg.Go(func() {
			defer r.Close()
			var last uint64
			for read := 0; read < 2*events; {
				batch, err := r.Next(t.Context())
				if err != nil || batch.Missed > 0 {
					t.Errorf("reader %d: %+v, %v", i, batch, err)
					return
				}
				for _, e := range batch.Events {
					if e.ID <= last {
						t.Errorf("reader %d: id %d after %d", i, e.ID, last)
					}
					last = e.ID
				}
				read += len(batch.Events)
			}
		})
	}
	for _, kind := range []eventlog.Kind{eventlog.Connect, eventlog.Message} {
		wg.Go(func() {
			for i := range events {
				h.happen(kind, fmt.Sprint(i))
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	r, _ := h.log.Follow(all...)
	if _, err := r.Next(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("a reader whose context has ended gets %v", err)
	}
	r.Close()
	h.log.Close()
}
