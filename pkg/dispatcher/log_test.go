package dispatcher_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestRepeatedPanics: a handler that always panics leaves a stack trace for each
// sender, and then one every ten seconds, with a count.
func TestRepeatedPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testnet.Log
		d := commands(&dispatcher.Config{Workers: 1, Logger: log.Logger()},
			func(context.Context, *protocol.DataMessage) (*protocol.DataMessage, error) { return theOneThatPanics() })
		a, n := newAnswers(), 0
		panics := func(times int) {
			for range times {
				for _, sender := range []string{"c1", "c2"} {
					n++
					m := message(fmt.Sprint("m", n), command)
					m.SenderId = sender
					submit(t, d, m, a)
					a.next(t, m.MsgId, failed, qerrors.HandlerPanic)
				}
			}
		}
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			got := log.Take()
			for i, line := range got {
				got[i] = regexp.MustCompile(`stack=".*theOneThatPanics.*"`).ReplaceAllString(line, "STACK")
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the log (-want +got):\n%s", d)
			}
		}
		const line = `ERROR "a handler panicked" msg_id=%s client_id=%s type=command code=handler_panic panic=oh STACK`
		panics(100)
		expect(fmt.Sprintf(line, "m1", "c1"), fmt.Sprintf(line, "m2", "c2"))
		time.Sleep(10 * time.Second)
		expect(fmt.Sprintf(line, "m199", "c1")+" repeated=99", fmt.Sprintf(line, "m200", "c2")+" repeated=99")
		panics(3)
		expect()
		d.FlushLog()
		expect(fmt.Sprintf(line, "m205", "c1")+" repeated=3", fmt.Sprintf(line, "m206", "c2")+" repeated=3")
		time.Sleep(time.Hour)
		expect()
	})
}
