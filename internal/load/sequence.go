package load

import "slices"

// sequence is what has arrived of the numbers of one stream. It is as large as
// there are gaps, however many have arrived.
type sequence struct {
	counts  Counts
	next    uint64 // above all that have arrived
	missing []span // below next, in order, neither empty nor touching each other
}

// span is the numbers from first up to end, without end.
type span struct{ first, end uint64 }

// arrive counts a number.
func (s *sequence) arrive(number uint64) {
	s.counts.Received++
	switch {
	case number >= s.next:
		if number > s.next {
			s.missing = append(s.missing, span{s.next, number})
		}
		s.next = number + 1
		s.counts.Unique++
	case s.fill(number):
		s.counts.Unique++
		s.counts.OutOfOrder++
	default:
		s.counts.Duplicated++
	}
}

// fill takes a number out of the missing ones, and reports whether it was there.
func (s *sequence) fill(number uint64) bool {
	at, found := slices.BinarySearchFunc(s.missing, number, func(gap span, n uint64) int {
		switch {
		case gap.end <= n:
			return -1
		case gap.first > n:
			return 1
		default:
			return 0
		}
	})
	if !found {
		return false
	}
	gap := s.missing[at]
	var rest []span
	if gap.first < number {
		rest = append(rest, span{gap.first, number})
	}
	if number+1 < gap.end {
		rest = append(rest, span{number + 1, gap.end})
	}
	s.missing = slices.Replace(s.missing, at, at+1, rest...)
	return true
}
