package program

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/fields"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// More than these would only take memory: each worker may run a process, and
// the queue is allocated as a whole.
const (
	maxWorkers   = 10_000
	maxQueueSize = 10_000_000
)

// Count returns a flag for a number from 1 to highest.
func Count(name string, value, highest int, usage string) cli.Flag {
	return &cli.IntFlag{Name: name, Value: value, Usage: usage, Validator: Within(1, highest)}
}

// Within returns a validator for numbers from lowest to highest.
func Within(lowest, highest int) func(int) error {
	return func(n int) error {
		if n < lowest || n > highest {
			return fmt.Errorf("use a number from %d to %d", lowest, highest)
		}
		return nil
	}
}

// Duration returns a flag for a time that is [Sensible].
func Duration(name string, value time.Duration, usage string) cli.Flag {
	return &cli.DurationFlag{Name: name, Value: value, Usage: usage, Validator: Sensible}
}

// Sensible is a validator for times that can be meant.
func Sensible(d time.Duration) error {
	if d < fields.MinDuration || d > fields.MaxDuration {
		return errors.New("use a time from 1ms to 87600h, which is ten years")
	}
	return nil
}

// Together returns an error if one of two flags is set that mean nothing alone.
func Together(cmd *cli.Command, a, b string) error {
	if (cmd.String(a) == "") == (cmd.String(b) == "") {
		return nil
	}
	if cmd.String(a) == "" {
		a, b = b, a
	}
	return qerrors.New(qerrors.InvalidConfig, "-%s needs -%s: they belong together", a, b)
}

// Unlimited returns a flag for a number that is without a limit unless it is set.
func Unlimited(name, usage string) cli.Flag {
	return &cli.IntFlag{Name: name, DefaultText: "no limit", Usage: usage, Validator: Within(1, math.MaxInt32)}
}

// size returns a flag for 1 byte to highest, which text stands for.
func size(name string, value, highest int, text, usage string) cli.Flag {
	return Size(name, value, 1, highest, "1 byte", text, usage)
}

// Size returns a flag for a size from lowest to highest, which the texts stand for.
func Size(name string, value, lowest, highest int, from, to, usage string) cli.Flag {
	return &settings.SizeFlag{Name: name, Value: value, Usage: usage, Validator: func(n int) error {
		if n < lowest || n > highest {
			return fmt.Errorf("use a size from %s to %s", from, to)
		}
		return nil
	}}
}

// Category puts flags under a heading of the help.
func Category(heading string, flags ...cli.Flag) []cli.Flag {
	for _, flag := range flags {
		if c, ok := flag.(cli.CategorizableFlag); ok {
			c.SetCategory(heading)
		}
	}
	return flags
}

// HeartbeatFlags are -heartbeat-timeout, -heartbeat-check-interval and
// -max-timeout-count.
func HeartbeatFlags() []cli.Flag {
	return []cli.Flag{
		Duration("heartbeat-timeout", 45*time.Second, "silence of the other side that counts as a strike"),
		Duration("heartbeat-check-interval", 5*time.Second, "time between two checks for silence"),
		Count("max-timeout-count", 3, math.MaxInt32, "strikes in a row that end a connection"),
	}
}

// LimitFlags are -max-payload, -max-queue and -max-promises.
func LimitFlags() []cli.Flag {
	return []cli.Flag{
		size("max-payload", 1<<20, 64<<20, "64MiB", "largest payload of a message or a result, at most 64MiB"),
		size("max-queue", 4<<20, 1<<30, "1GiB", "what may wait to be sent of each priority, on one connection, before senders wait"),
		Count("max-promises", 50_000, math.MaxInt32, "acknowledgements awaited at once"),
	}
}

// HandlerFlags are -handler, -handler-timeout, -workers and -queue-size, which
// [NewDispatcher] reads.
func HandlerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "handler", Usage: "`COMMAND` with its arguments to run for each command and query: payload on its stdin, result on its stdout, " +
			"failure if it exits non-zero; no shell in between"},
		Duration("handler-timeout", dispatcher.DefaultTimeout, "time for one message; a handler program is killed then"),
		Count("workers", dispatcher.DefaultWorkers, maxWorkers, "messages handled at once"),
		Count("queue-size", dispatcher.DefaultQueueSize, maxQueueSize, "messages that wait for a worker before senders are slowed down"),
	}
}

// LogFlags are -log-level and -log-format, which [NewLogger] reads. level is what
// the help says about the default level.
func LogFlags(level string) []cli.Flag {
	return []cli.Flag{
		levelFlag(level),
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "`FORMAT` of the log on stderr: text or json", Validator: func(text string) error {
			if text != "text" && text != "json" {
				return errors.New("use text or json")
			}
			return nil
		}},
	}
}

func levelFlag(level string) cli.Flag {
	return &cli.StringFlag{Name: "log-level", DefaultText: level, Validator: isLevel,
		Usage: "least `LEVEL` to log: debug (each message), info, warn or error; SIGHUP makes the program read it again from the file of -config"}
}

func isLevel(text string) error {
	_, err := parseLevel(text, 0)
	return err
}
