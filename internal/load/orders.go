package load

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// What can be ordered.
const (
	sampleOrder    = "sample"    // say what has arrived, and what was taken of the machine
	broadcastOrder = "broadcast" // tell all clients
	downOrder      = "down"      // begin to ask the clients
	progressOrder  = "progress"  // say how far that is, and the outcome once it is done
	stopOrder      = "stop"      // end it
)

// order is what a run wants of the hub.
type order struct {
	Do      string `json:"do"`
	Collect bool   `json:"collect,omitempty"` // sample: collect garbage first
	Payload []byte `json:"payload,omitempty"` // broadcast
	Run     uint32 `json:"run,omitempty"`     // sample: whose messages; down: whose clients
	Spec    *Spec  `json:"spec,omitempty"`    // down
}

// answer is what a hub says to an order. It names the order, so that a hub whose
// handler sends back what it gets is not taken for one that has carried it out.
type answer struct {
	To     string `json:"to"`
	Result any    `json:"result,omitempty"`
}

// sample is how the hub is, and what has arrived of one run.
type sample struct {
	Counts
	Usage
}

// Orders carries out the orders that reach a hub. All methods may be called from
// any goroutine.
type Orders struct {
	hub   Hub
	tally *Tally

	mu   sync.Mutex
	down *down // the latest
}

// NewOrders returns the orders of a hub whose handlers count with tally.
func NewOrders(hub Hub, tally *Tally) *Orders { return &Orders{hub: hub, tally: tally} }

// Handle carries out an order and returns the answer.
func (o *Orders) Handle(ctx context.Context, text []byte) ([]byte, error) {
	var ordered order
	if err := json.Unmarshal(text, &ordered); err != nil {
		return nil, qerrors.New(qerrors.InvalidArgument, "not an order: %w", err)
	}
	result, err := o.do(ctx, ordered)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer{ordered.Do, result})
}

func (o *Orders) do(ctx context.Context, ordered order) (any, error) {
	switch ordered.Do {
	case sampleOrder:
		return sample{o.tally.countsOf(ordered.Run), ownUsage(ordered.Collect)}, nil
	case broadcastOrder:
		return o.hub.Broadcast(ctx, ordered.Payload)
	case downOrder:
		return o.beginDown(ordered)
	case progressOrder:
		return o.latest().progress()
	case stopOrder:
		o.Stop()
		return nil, nil
	default:
		return nil, qerrors.New(qerrors.InvalidArgument, "nothing is known about the order %q: use the same version of both sides", ordered.Do)
	}
}

func (o *Orders) beginDown(ordered order) (any, error) {
	if ordered.Spec == nil {
		return nil, qerrors.New(qerrors.InvalidArgument, "the order says not what to do")
	}
	if err := ordered.Spec.Check(); err != nil {
		return nil, fmt.Errorf("the order cannot be carried out: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down.running() {
		return nil, qerrors.New(qerrors.InvalidArgument, "the hub asks the clients of another run: wait for its end")
	}
	o.down = startDown(o.hub, *ordered.Spec, ordered.Run)
	return nil, nil
}

func (o *Orders) latest() *down {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.down
}

// Stop ends what is being carried out, and returns when it has ended.
func (o *Orders) Stop() { o.latest().stop() }
