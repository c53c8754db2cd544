package load

import "sync"

// Counts is what has arrived.
type Counts struct {
	Received   uint64 `json:"received"`     // in all
	Unique     uint64 `json:"unique"`       // of these, for the first time
	Duplicated uint64 `json:"duplicated"`   // of these, once more
	OutOfOrder uint64 `json:"out_of_order"` // of the unique ones, behind a later one of the same stream
}

func (c *Counts) add(d Counts) {
	c.Received += d.Received
	c.Unique += d.Unique
	c.Duplicated += d.Duplicated
	c.OutOfOrder += d.OutOfOrder
}

// since returns what has been added to an earlier state.
func (c Counts) since(before Counts) Counts {
	return Counts{
		Received: c.Received - before.Received, Unique: c.Unique - before.Unique,
		Duplicated: c.Duplicated - before.Duplicated, OutOfOrder: c.OutOfOrder - before.OutOfOrder,
	}
}

// Tally counts payloads by the numbers in them. The zero value is ready; all methods
// may be called from any goroutine.
type Tally struct {
	shards [tallyShards]tallyShard
}

// tallyShards keeps handlers of different streams out of each other's way.
const tallyShards = 64

type tallyShard struct {
	mu      sync.Mutex
	streams map[uint64]*sequence
	others  uint64   // payloads without a header
	_       [64]byte // the next one is on another cache line
}

// Count counts a payload. One without a header counts as received only.
func (t *Tally) Count(payload []byte) {
	id, number, ok := header(payload)
	shard := &t.shards[id%tallyShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if !ok {
		shard.others++
		return
	}
	s := shard.streams[id]
	if s == nil {
		if shard.streams == nil {
			shard.streams = make(map[uint64]*sequence)
		}
		s = new(sequence)
		shard.streams[id] = s
	}
	s.arrive(number)
}

// Counts returns what was counted so far.
func (t *Tally) Counts() Counts {
	sum := t.sum(func(uint32) bool { return true })
	for i := range t.shards {
		shard := &t.shards[i]
		shard.mu.Lock()
		sum.Received += shard.others
		shard.mu.Unlock()
	}
	return sum
}

// countsOf returns what was counted of one run.
func (t *Tally) countsOf(run uint32) Counts {
	return t.sum(func(id uint32) bool { return id == run })
}

func (t *Tally) sum(of func(run uint32) bool) (sum Counts) {
	for i := range t.shards {
		shard := &t.shards[i]
		shard.mu.Lock()
		for id, s := range shard.streams {
			if of(runOf(id)) {
				sum.add(s.counts)
			}
		}
		shard.mu.Unlock()
	}
	return sum
}
