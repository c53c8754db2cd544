package link

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestNewID(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 34, 56, 789_123_456, time.UTC)
	var ids []string
	for i := range 1000 {
		text := newID(now.Add(time.Duration(i) * time.Microsecond))
		id, err := uuid.Parse(text)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%s is no UUID of version 7: %v", text, err)
		}
		if sec, nsec := id.Time().UnixTime(); time.Unix(sec, nsec).UnixMilli() != now.UnixMilli()+(int64(i)+123)/1000 {
			t.Errorf("%s says %v", text, time.Unix(sec, nsec).UTC())
		}
		ids = append(ids, text)
	}
	if !slices.IsSorted(ids) {
		t.Error("ids of one microsecond after another are not in order")
	}
	same := map[string]bool{}
	for range 1000 {
		same[newID(now)] = true
	}
	if len(same) != 1000 {
		t.Errorf("of 1,000 ids of the same moment %d are different", len(same))
	}
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	now := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			newID(now)
		}
	})
}
