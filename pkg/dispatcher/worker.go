package dispatcher

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// maxHeld is how long after its arrival a message may still be answered together with
// those behind it.
const maxHeld = 100 * time.Microsecond

// maxErrorText limits what an acknowledgement says about a failure, in bytes.
const maxErrorText = 4 << 10

// worker runs tasks one after another while there are any. It has a goroutine of its
// own, or that of a reader whose intake it serves.
type worker struct {
	d       *Dispatcher
	number  int32                // how many others there were when it began
	current atomic.Pointer[Task] // whose handler runs, or has run
	ended   time.Duration        // when the handler before has, if nothing was waited for since; 0 if it was
	success protocol.AckMessage  // what the handler has answered, for the responder

	// The timer expires the current task. It is not set anew for each one: with
	// every handler given the same time, the timer that is set fires early
	// enough, finds a later deadline, and is set again.
	fires atomic.Int64 // when the timer fires, as the times of a task; 0 while it is not set
	mu    sync.Mutex   // guards the timer
	timer *time.Timer

	// Of a worker whose place a reader has.
	intake *Intake
	reads  bool  // it has the goroutine of the reader
	place  int   // guarded by the mutex of lent, as is seen: in its places, or -1
	seen   *Task // by the last patrol
	left   *Task // that was slow; set before it is taken over
}

// wake starts a worker unless as many as may be are there. It is called after a
// task was queued.
func (d *Dispatcher) wake() {
	// With as many as may be there is nothing to do: each of them looks at the queue
	// once more before it ends.
	if n, ok := d.join(); ok {
		go (&worker{d: d, number: n}).run()
	}
}

// join counts one worker more, unless there are as many as may be, and returns how
// many there were.
func (d *Dispatcher) join() (others int32, ok bool) {
	for {
		n := d.alive.Load()
		if n >= d.workers {
			return 0, false
		}
		if d.alive.CompareAndSwap(n, n+1) {
			return n, true
		}
	}
}

func (w *worker) run() {
	for {
		select {
		case t := <-w.d.queue:
			w.serveAll(t)
			continue
		default:
		}
		w.d.alive.Add(-1)
		// A task queued before that found this worker alive and started none.
		if len(w.d.queue) == 0 {
			break
		}
		if _, ok := w.d.join(); !ok {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// serveAll serves t, and those that have waited for it because of an order.
func (w *worker) serveAll(t *Task) {
	for t != nil {
		w.serve(t)
		if t = t.next(); t != nil && t.d != w.d { // SetDispatcher was called in between
			go t.resume()
			return
		}
	}
}

// serve runs the handler of one task, within its time.
func (w *worker) serve(t *Task) {
	now := w.now(t)
	t.waited, t.worker = now-t.arrived, w.number
	if t.base.Err() != nil { // stopped while the message waited
		t.respond(failure(qerrors.HandlerCanceled, "the receiver has stopped"), t.more, now)
		return
	}
	if t.is(bitCalledOff) {
		t.respond(failure(qerrors.HandlerCanceled, "the sender has called the message off"), t.more, now)
		return
	}
	h, ok := (*w.d.routes.Load())[t.kind]
	if !ok {
		t.respond(failure(qerrors.NoHandler, fmt.Sprintf("no handler is registered for messages of type %v", t.kind)), t.more, now)
		return
	}
	if t.senders && now >= t.deadline {
		t.expire()
		return
	}
	if limit := now + w.d.timeout; !t.senders || limit < t.deadline {
		t.deadline, t.senders = limit, false
	}
	if wrapper, ok := t.responder.(Wrapper); ok {
		h = wrapper.Wrap(h)
	}
	t.ran = true
	w.watch(t, now)
	if !w.reads { // those are counted at their places
		w.d.busy.Add(1)
	}
	w.finish(t, w.call(h, t))
}

// now returns when t begins: for one of several, when the one before it has ended, because to
// look at the clock costs as much as a quick handler.
func (w *worker) now(t *Task) time.Duration {
	if w.ended == 0 {
		return time.Since(w.d.made)
	}
	return max(w.ended, t.arrived)
}

// finish answers for a handler that has ended.
func (w *worker) finish(t *Task, ack *protocol.AckMessage) {
	w.ended = time.Since(w.d.made)
	before := t.end(bitReturned | bitEnded | bitAnswered)
	if before&bitTakenOver != 0 {
		w.reads = false
	}
	if !w.reads {
		w.d.busy.Add(-1)
	}
	if before&bitAnswered == 0 {
		t.answer(ack, t.more && w.reads, w.ended) // others may come behind t that take long
	}
	w.success.Result = nil
}

// call runs the handler and returns the answer. Whatever panics, the handler or
// the Error method of what it returned, costs no more than this one message.
func (w *worker) call(h Handler, t *Task) (ack *protocol.AckMessage) {
	msg, sender := t.msg, t.msg.SenderId
	t.msg = nil // it is the handler's; the task may stay in memory as long as its answer
	returned := false
	defer func() {
		if p := recover(); p != nil {
			w.d.log.Error("a handler panicked", "msg_id", t.ID(), "client_id", sender,
				"type", t.kind.Name(), "code", qerrors.HandlerPanic, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			ack = failure(qerrors.HandlerPanic, fmt.Sprintf("the handler panicked: %v", p))
		} else if !returned { // but called runtime.Goexit, as testing.T.FailNow does
			w.finish(t, failure(qerrors.HandlerPanic, "the handler ended its goroutine"))
			w.replace(t)
		}
	}()
	result, err := h.OnMessage(t, msg)
	ack = w.outcome(t, result, err)
	returned = true
	return ack
}

// outcome returns the answer for what the handler of t returned.
func (w *worker) outcome(t *Task, result *protocol.DataMessage, err error) *protocol.AckMessage {
	if err == nil {
		ack := &w.success // of which the responder may have made a failure the last time
		ack.Status, ack.Code, ack.Error = protocol.AckStatus_ACK_STATUS_SUCCESS, 0, ""
		ack.Result = result.GetPayload()
		return ack
	}
	code, text := t.codeOf(err), err.Error()
	if e, ok := err.(*qerrors.Error); ok && e.Code == code {
		text = e.Message
	}
	return failure(code, text)
}

func failure(code qerrors.Code, text string) *protocol.AckMessage {
	return refusal(protocol.AckStatus_ACK_STATUS_FAILURE, code, text)
}

func refusal(status protocol.AckStatus, code qerrors.Code, text string) *protocol.AckMessage {
	if len(text) > maxErrorText {
		text = text[:maxErrorText]
	}
	return &protocol.AckMessage{Status: status, Code: uint32(code), Error: strings.ToValidUTF8(text, "")}
}

// Refused returns the outcome of a message that was not submitted, because of err.
func Refused(msg *protocol.DataMessage, err *qerrors.Error) Outcome {
	ack := failure(err.Code, err.Message)
	name(ack, msg.MsgId, msg.Number)
	return Outcome{ID: msg.MsgId, Ack: ack, Wanted: msg.WaitAck, Type: msg.Type}
}

// name says which message an acknowledgement is for: the number says it shorter.
func name(ack *protocol.AckMessage, id string, number uint64) {
	if ack.Number, ack.MsgId = number, ""; number == 0 {
		ack.MsgId = id
	}
}

// respond answers unless that was done. With more, the intake that t came by has more to
// come.
func (t *Task) respond(ack *protocol.AckMessage, more bool, now time.Duration) {
	if t.fate.Or(bitAnswered)&bitAnswered == 0 {
		t.answer(ack, more, now)
	}
}

// answer is respond for who has set bitAnswered.
func (t *Task) answer(ack *protocol.AckMessage, more bool, now time.Duration) {
	name(ack, t.id, t.number)
	o := Outcome{Task: t, ID: t.id, Ack: ack, Wanted: t.waitAck, Type: t.kind, Waited: t.waited, Ran: t.ran, Worker: int(t.worker)}
	o.More = more && t.waited < maxHeld
	if t.ran {
		o.Took = now - t.arrived - t.waited
		t.d.pace.observe(t.kind, o.Took)
	}
	t.responder.Respond(o)
}
