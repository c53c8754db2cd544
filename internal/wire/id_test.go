package wire_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/wire"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestID: the ids are UUIDs of version 7 with the time of the message, differ, and sort as the
// messages do.
func TestID(t *testing.T) {
	const base, now = wire.IDBase(1<<63 | 1<<62 | 12345), int64(1_800_000_000_123)
	var ids []string
	for number := uint64(1); number < 4096; number++ {
		text := base.ID(now, number)
		id, err := uuid.Parse(text)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%s is no UUID of version 7: %v", text, err)
		}
		if sec, nsec := id.Time().UnixTime(); time.Unix(sec, nsec).UnixMilli() != now {
			t.Fatalf("%s says %v", text, time.Unix(sec, nsec).UTC())
		}
		ids = append(ids, text)
	}
	if !slices.IsSorted(ids) {
		t.Error("the ids of one millisecond are not in the order of the numbers")
	}
	for number := uint64(4096); number < 100_000; number++ {
		ids = append(ids, base.ID(now, number)) // of a clock that stands still
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 99_999 {
		t.Errorf("of 99,999 ids %d are different", n)
	}
	// As docs/protocol.md says it.
	if got, want := wire.IDBase(0x0123456789abcdef).ID(0x18bcfe568000>>4, 0x5678), "018bcfe5-6800-7678-8123-456789abcdf4"; got != want {
		t.Errorf("the id is %s, want %s", got, want)
	}
}

// TestReadID: a reader that knows the base makes the id of a message that has none, whether
// it is decoded by hand or not, and leaves others as they are.
func TestReadID(t *testing.T) {
	const base = wire.IDBase(77)
	for name, payload := range map[string][]byte{"none": nil, "short": []byte("p"), "long": make([]byte, 5000), "large": make([]byte, 100_000)} {
		t.Run(name, func(t *testing.T) {
			m := &protocol.DataMessage{Payload: payload, Timestamp: 1_700_000_000_000, Number: 9}
			named := proto.CloneOf(m)
			named.MsgId = "mine"
			frame := encode(t, encode(t, nil, data(m)), data(named))
			twice := append([]byte{}, frame...)
			r := wire.NewReader(&source{data: twice}, noLimit)
			r.SetIDBase(base)
			for _, want := range []string{base.ID(m.Timestamp, m.Number), "mine"} {
				f, err := next(r)
				if err != nil || f.GetData().MsgId != want || len(f.GetData().Payload) != len(payload) {
					t.Errorf("read %.100v, %v; want the id %s", f, err, want)
				}
			}
		})
	}
}
