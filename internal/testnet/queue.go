package testnet

import (
	"container/heap"
	"net"
	"net/netip"
	"sync"
	"time"
)

// queue sends packets when they are due. Those that are due at once keep their order.
type queue struct {
	changed chan struct{} // has room for one: there are more, or the end

	mu     sync.Mutex
	due    schedule
	number int
	closed bool
}

type packet struct {
	at     time.Time
	number int
	from   *net.UDPConn
	to     netip.AddrPort
	data   []byte
}

func newQueue() *queue { return &queue{changed: make(chan struct{}, 1)} }

// add has all arrivals of a packet sent.
func (q *queue) add(all []arrival, from *net.UDPConn, to netip.AddrPort) {
	now := time.Now()
	q.mu.Lock()
	for _, a := range all {
		q.number++
		heap.Push(&q.due, packet{now.Add(a.after), q.number, from, to, a.data})
	}
	q.mu.Unlock()
	q.wake()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// run sends until the queue is closed.
func (q *queue) run() {
	for {
		next, wait, ok := q.next()
		switch {
		case !ok:
			return
		case next != nil:
			_, _ = next.from.WriteToUDPAddrPort(next.data, next.to) // as on any network, it may get lost
		default:
			select {
			case <-q.changed:
			case <-time.After(wait):
			}
		}
	}
}

// next returns the next packet if it is due, and else how long that takes.
func (q *queue) next() (next *packet, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, 0, false
	}
	if len(q.due) == 0 {
		return nil, time.Hour, true
	}
	if wait := time.Until(q.due[0].at); wait > 0 {
		return nil, wait, true
	}
	p := heap.Pop(&q.due).(packet)
	return &p, 0, true
}

// schedule implements [heap.Interface].
type schedule []packet

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].number < s[j].number
	}
	return s[i].at.Before(s[j].at)
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *schedule) Push(x any)   { *s = append(*s, x.(packet)) }
func (s *schedule) Pop() any {
	last := len(*s) - 1
	p := (*s)[last]
	(*s)[last] = packet{}
	*s = (*s)[:last]
	return p
}
