package load

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name    string
		numbers []uint64
		want    Counts
	}{
		{"nothing", nil, Counts{}},
		{"in order", []uint64{0, 1, 2}, Counts{Received: 3, Unique: 3}},
		{"twice", []uint64{0, 1, 1, 0}, Counts{Received: 4, Unique: 2, Duplicated: 2}},
		{"one overtaken", []uint64{1, 0, 2}, Counts{Received: 3, Unique: 3, OutOfOrder: 1}},
		{"the first overtaken, and twice", []uint64{2, 0, 0}, Counts{Received: 3, Unique: 2, Duplicated: 1, OutOfOrder: 1}},
		{"backwards", []uint64{3, 2, 1, 0}, Counts{Received: 4, Unique: 4, OutOfOrder: 3}},
		{"one lost", []uint64{0, 2, 3}, Counts{Received: 3, Unique: 3}},
		{"from the middle of a gap", []uint64{9, 5, 4, 6, 5}, Counts{Received: 5, Unique: 4, Duplicated: 1, OutOfOrder: 3}},
		{"a gap that is as large as they come", []uint64{1<<64 - 2, 1 << 63}, Counts{Received: 2, Unique: 2, OutOfOrder: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tally Tally
			s := newStream(7, 3, HeaderSize)
			for _, n := range test.numbers {
				s.next = n
				tally.Count(s.take())
			}
			if got := tally.Counts(); got != test.want {
				t.Errorf("counted %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestStreamsAreCountedApart(t *testing.T) {
	var tally Tally
	for worker := range 200 {
		payloads := newStream(uint32(1+worker%2), worker, 128)
		tally.Count(payloads.take())
		tally.Count(payloads.take())
	}
	tally.Count([]byte("no header"))
	if got, want := tally.Counts(), (Counts{Received: 401, Unique: 400}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	if got, want := tally.countsOf(2), (Counts{Received: 200, Unique: 200}); got != want {
		t.Errorf("of the second run %+v, want %+v", got, want)
	}
}

// Whatever arrives, the counts are those of a model that remembers all of it.
func TestCountsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sequence
		var want Counts
		seen, highest := map[uint64]bool{}, int64(-1)
		for _, n := range rapid.SliceOf(rapid.Uint64Range(0, 20)).Draw(t, "numbers") {
			s.arrive(n)
			want.Received++
			switch {
			case seen[n]:
				want.Duplicated++
			case int64(n) < highest:
				want.OutOfOrder++
				want.Unique++
			default:
				want.Unique++
			}
			seen[n], highest = true, max(highest, int64(n))
		}
		if s.counts != want {
			t.Fatalf("counted %+v, want %+v", s.counts, want)
		}
		for i, gap := range s.missing {
			if gap.first >= gap.end || i > 0 && s.missing[i-1].end >= gap.first {
				t.Fatalf("the gaps are not kept in order: %v", s.missing)
			}
		}
	})
}
