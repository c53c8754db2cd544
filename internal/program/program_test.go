package program_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v3"
	"google.golang.org/protobuf/proto"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// run runs a program with all flags of this package.
func run(t *testing.T, action func(*cli.Command) error, args ...string) error {
	t.Helper()
	return settings.Run(t.Context(), &cli.Command{
		Name: "test",
		Flags: slices.Concat(program.LimitFlags(), program.HeartbeatFlags(), program.HandlerFlags(), program.WebhookFlags(),
			program.LogFlags("info"), program.TraceFlags(), []cli.Flag{program.DrainFlag()}),
		Action: func(_ context.Context, cmd *cli.Command) error { return action(cmd) },
	}, append([]string{"test"}, args...))
}

func nothing(*cli.Command) error { return nil }

func TestValuesThatCannotBeMeant(t *testing.T) {
	for _, args := range []string{
		"-workers 0", "-workers 10001", "-queue-size -1", "-queue-size 10000001", "-max-promises 0", "-max-timeout-count 0",
		"-max-payload 0", "-max-payload 65MiB", "-max-payload 67108865", "-max-queue 0", "-max-queue 2GiB", "-max-queue -1",
		"-webhook-concurrency 0", "-heartbeat-timeout 0", "-heartbeat-timeout 87601h", "-handler-timeout -1s", "-drain-timeout 0s",
		"-otlp-endpoint localhost:4318", "-otlp-endpoint http://localhost:4318?key=secret", "-otlp-ratio -0.1", "-otlp-ratio 1.1", "-otlp-ratio NaN",
	} {
		flag := " flag " + strings.Fields(args)[0] + ": "
		if err := run(t, nothing, strings.Fields(args)...); !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: error %v, want one with the code InvalidConfig and the name of the flag", args, err)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, args := range []string{
		"-max-payload 1", "-max-payload 64MiB", "-max-queue 1", "-max-queue 1GiB", "-heartbeat-timeout 87600h", "-workers 1", "-workers 10000",
		"-otlp-endpoint http://localhost:4318", "-otlp-endpoint=", "-otlp-ratio 0", "-otlp-ratio 1", "-otlp-ratio 0.001",
	} {
		if err := run(t, nothing, strings.Fields(args)...); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestLogger(t *testing.T) {
	for _, test := range []struct {
		args  string
		level slog.Level
		want  string // in the error
	}{
		{"", slog.LevelWarn, ""},
		{"-log-level info", slog.LevelInfo, ""},
		{"-log-level DEBUG -log-format json", slog.LevelDebug, ""},
		{"-log-level error -log-format text", slog.LevelError, ""},
		{"-log-level trace", 0, "use debug, info, warn or error"},
		{"-log-level info+2", 0, "use debug, info, warn or error"},
		{"-log-format yaml", 0, "use text or json"},
	} {
		var log *program.Logger
		err := run(t, func(cmd *cli.Command) (err error) {
			log, err = program.NewLogger(cmd, monitoring.LogLevelWarn)
			return err
		}, strings.Fields(test.args)...)
		switch {
		case test.want != "":
			if !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q: error %v, want one that says %q", test.args, err, test.want)
			}
		case err != nil:
			t.Errorf("%q: %v", test.args, err)
		case !log.Enabled(t.Context(), test.level) || log.Enabled(t.Context(), test.level-1):
			t.Errorf("%q: the level is not %v", test.args, test.level)
		}
	}
}

// newDispatcher returns a dispatcher as args say, and what it logs from level on.
func newDispatcher(t *testing.T, level slog.Level, args ...string) (*dispatcher.Dispatcher, *bytes.Buffer) {
	t.Helper()
	var d *dispatcher.Dispatcher
	log := new(bytes.Buffer)
	err := run(t, func(cmd *cli.Command) (err error) {
		d, err = program.NewDispatcher(cmd, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})))
		return err
	}, args...)
	if err != nil {
		t.Fatal(err)
	}
	return d, log
}

type answer chan *protocol.AckMessage

func (a answer) Respond(o dispatcher.Outcome) { a <- proto.CloneOf(o.Ack) } // which is the worker's again when it returns

func submit(t *testing.T, d *dispatcher.Dispatcher, kind protocol.MessageType, payload string) *protocol.AckMessage {
	t.Helper()
	a := make(answer, 1)
	msg := &protocol.DataMessage{MsgId: "m1", SenderId: "client-001", Type: kind, Payload: []byte(payload)}
	if err := d.Submit(t.Context(), t.Context(), time.Now(), msg, a); err != nil {
		t.Fatal(err)
	}
	return <-a
}

func TestDispatcher(t *testing.T) {
	const handler = `sh -c 'read x; test "$x" != bad || { echo no good >&2; exit 3; }; echo "$x to you, $QUIC_SENDER_ID"'`
	for _, test := range []struct {
		name    string
		handler string
		kind    protocol.MessageType
		payload string
		result  string
		failure string
		log     string
	}{
		{"command", "", 1, "hello", "", "", `level=DEBUG msg="message received" msg_id=m1 type=command bytes=5 client_id=client-001 payload=hello` + "\n"},
		{"event", "", 2, "hello", "", "", "type=event bytes=5"},
		{"query", "", 3, "", "", "", "type=query bytes=0"},
		{"response", "", 4, "hello", "", "", "type=response"},
		{"handled command", handler, 1, "hello", "hello to you, client-001\n", "", "type=command"},
		{"handled query", handler, 3, "hello", "hello to you, client-001\n", "", "type=query"},
		{"handler of events", handler, 2, "bad", "", "", "type=event"},
		{"failed command", handler, 1, "bad", "", "exit status 3: no good",
			`level=WARN msg="handler failed" msg_id=m1 type=command bytes=3 client_id=client-001 code=handler_failed error="handler_failed: exit status 3: no good"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, log := newDispatcher(t, slog.LevelDebug, "-handler", test.handler)
			ack := submit(t, d, test.kind, test.payload)
			if failed := ack.Status != protocol.AckStatus_ACK_STATUS_SUCCESS; failed != (test.failure != "") ||
				string(ack.Result) != test.result || ack.Error != test.failure {
				t.Errorf("acknowledged with %v", ack)
			}
			if !strings.Contains(log.String(), test.log) {
				t.Errorf("the log does not have %q:\n%s", test.log, log)
			}
		})
	}
}

// TestLogOfLateHandlers: the log has the code that the sender gets, and the metrics
// count: whose time it was that ran out.
func TestLogOfLateHandlers(t *testing.T) {
	for want, test := range map[string]struct {
		ours   string
		sender uint32
	}{"handler_timeout": {"50ms", 0}, "deadline_passed": {"1h", 500}} {
		d, log := newDispatcher(t, slog.LevelInfo, "-handler", "sleep 1000", "-handler-timeout", test.ours)
		a := make(answer, 1)
		msg := &protocol.DataMessage{MsgId: "m1", Type: protocol.MessageType_MESSAGE_TYPE_COMMAND, TimeoutMs: test.sender}
		if err := d.Submit(t.Context(), t.Context(), time.Now(), msg, a); err != nil {
			t.Fatal(err)
		}
		if ack := <-a; qerrors.Code(ack.Code).String() != want {
			t.Errorf("acknowledged with %v, want %s", ack, want)
		}
		for d.Stats().Busy > 0 { // until the program is killed
			time.Sleep(time.Millisecond)
		}
		if line := " code=" + want + ` error="` + want + ": the handler program was killed: "; !strings.Contains(log.String(), line) {
			t.Errorf("the log does not have %s:\n%s", line, log)
		}
	}
}

func TestMessagesAreLoggedForDebuggingOnly(t *testing.T) {
	long := strings.Repeat("a secret ", 100)
	d, log := newDispatcher(t, slog.LevelDebug)
	submit(t, d, 1, long)
	if n := strings.Count(log.String(), "secret"); n < 10 || n > 50 {
		t.Errorf("want the beginning of the payload, got:\n%s", log)
	}
	d, log = newDispatcher(t, slog.LevelInfo)
	submit(t, d, 1, long)
	if log.Len() > 0 {
		t.Errorf("a handled message is logged:\n%s", log)
	}
}

func TestHandlerThatCannotBeRun(t *testing.T) {
	err := run(t, func(cmd *cli.Command) error {
		_, err := program.NewDispatcher(cmd, slog.New(slog.DiscardHandler))
		return err
	}, "-handler", "nosuchprogram -x")
	if !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Errorf("error %v, want one with the code InvalidConfig", err)
	}
}

func TestDrainGivesItsTime(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	failure := errors.New("it failed")
	err := run(t, func(cmd *cli.Command) error {
		return program.Drain(ended, cmd, func(ctx context.Context) error {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left <= 0 || left > time.Hour || ctx.Err() != nil {
				t.Errorf("the context ends in %v, with error %v", left, ctx.Err())
			}
			return failure
		})
	}, "-drain-timeout", "1h")
	if !errors.Is(err, failure) {
		t.Errorf("error %v, want that of stop", err)
	}
}
