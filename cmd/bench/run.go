package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/load"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/dispatcher"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "put load on a hub and report how it copes",
		Description: "The hub is always quic-bench serve: one that runs already (-server), one in a\n" +
			"process of its own that ends with the run (-spawn), or one in this process\n" +
			"(-embedded). Another hub gets no load.\n\n" +
			"What -work measures:\n" +
			"  ack        clients send, the hub's handler answers with the payload\n" +
			"  oneway     clients send, the hub's handler counts; until all are counted\n" +
			"  down       the hub sends, the clients' handlers answer with the payload\n" +
			"  broadcast  the hub sends to all clients; until the last has handled it\n" +
			"  connect    connections are opened, -c at once; closing them does not count\n" +
			"  idle       connections only live; in the end each sends once\n\n" +
			"With -rate messages are due at fixed times, and latencies count from there: a hub\n" +
			"that stalls makes all late that were due meanwhile. MB are 10^6 bytes of payload,\n" +
			"one way. SIGINT ends a run early; what was measured by then is reported. What is\n" +
			"under way in the end is waited for, up to 30s, which does not count.\n\n" +
			"Examples:\n" +
			"  quic-bench run -spawn -c 64 -d 10s\n" +
			"  quic-bench run -server hub.example.com:8474 -ca certs/ca.crt -conns 32 -c 16\n" +
			"  quic-bench run -spawn -work idle -conns 10000 -d 1m -json",
		Flags:  runFlags(),
		Action: run,
	}
}

func runFlags() []cli.Flag {
	return append(append(program.Category("Hub",
		&cli.StringFlag{Name: "server", Validator: program.Address, Usage: "`ADDRESS` of a quic-bench serve that runs already, host:port"},
		&cli.StringFlag{Name: "ca", Usage: "PEM `FILE` with the certificates of authorities to trust, for -server; the system's without", TakesFile: true},
		&cli.BoolFlag{Name: "insecure", Usage: "trust any certificate, for -server"},
		&cli.BoolFlag{Name: "spawn", Usage: "start a hub in a process of its own, whose usage is told apart"},
		&cli.BoolFlag{Name: "embedded", Usage: "start a hub in this process"},
		program.Count("workers", dispatcher.DefaultWorkers, maxWorkers, "messages that the hub handles at once, for -spawn and -embedded"),
		idleFlag(),
	), program.Category("Load",
		&cli.StringFlag{Name: "work", Value: string(load.Ack), Usage: "`WORK` to measure: " + works()},
		program.Count("conns", 1, load.MaxConns, "connections"),
		program.Count("c", 1, load.MaxInFlight, "messages in flight on each connection"),
		&settings.SizeFlag{Name: "size", Value: 128, Usage: "size of a payload, at least 16"},
		&cli.IntFlag{Name: "rate", DefaultText: "as fast as it goes", Usage: "messages a second of all connections together"},
		&cli.DurationFlag{Name: "d", Value: 5 * time.Second, Validator: program.Sensible, Usage: "how long to measure"},
		&cli.Int64Flag{Name: "n", DefaultText: "none", Usage: "how many messages, or connections for connect, to measure instead"},
		&cli.DurationFlag{Name: "warmup", Usage: "how long to do the same before, unmeasured"},
		&settings.SizeFlag{Name: "bulk", DefaultText: "none", Usage: "size of payloads that each connection pushes meanwhile, one after the other, with the lowest priority"},
		program.Count("sockets", 8, 10_000, "UDP sockets that the connections share"),
		program.Duration("heartbeat-interval", 15*time.Second, "time between two heartbeats of a connection"),
	)...), &cli.BoolFlag{Name: "json", Usage: "report as one JSON object"})
}

func works() string {
	var names []string
	for _, w := range load.Works() {
		names = append(names, string(w))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// spec returns what the flags ask for.
func spec(cmd *cli.Command) (load.Spec, error) {
	s := load.Spec{
		Work:     load.Work(cmd.String("work")),
		Conns:    cmd.Int("conns"),
		InFlight: cmd.Int("c"),
		Size:     cmd.Int("size"),
		Rate:     cmd.Int("rate"),
		Messages: cmd.Int64("n"),
		Warmup:   cmd.Duration("warmup"),
	}
	if s.Messages == 0 || cmd.IsSet("d") {
		s.Duration = cmd.Duration("d")
	}
	return s, s.Check()
}

func run(ctx context.Context, cmd *cli.Command) error {
	s, err := spec(cmd)
	if err != nil {
		return err
	}
	return withHub(ctx, cmd, func(addr, ca string) (err error) {
		n, err := openNetwork(ctx, addr, client.ClientConfig{
			TLSCAFile: ca, InsecureSkipVerify: cmd.Bool("insecure"),
			HeartbeatInterval: cmd.Duration("heartbeat-interval"), MaxIdleTimeout: cmd.Duration("max-idle-timeout"),
			HeartbeatTimeout:       silence(cmd.Duration("max-idle-timeout")),
			HeartbeatCheckInterval: cmd.Duration("heartbeat-interval"), // more often would cost the load more than it learns
			MaxPayload:             maxPayload(cmd),
		}, min(cmd.Int("sockets"), s.Conns))
		if err != nil {
			return program.InFlags(cmd, err)
		}
		defer func() { err = errors.Join(err, cleanUp(ctx, n.close)) }()
		n.bulk = cmd.Int("bulk")
		return measure(ctx, cmd, &load.Run{Spec: s, Network: n, Embedded: cmd.Bool("embedded")})
	})
}

// maxPayload is what both sides have to accept.
func maxPayload(cmd *cli.Command) int { return max(cmd.Int("size"), cmd.Int("bulk"), 1<<20) }

// measure does a run and prints the report. Messages that have failed are an error.
func measure(ctx context.Context, cmd *cli.Command, r *load.Run) error {
	erase := watch(cmd.Root().ErrWriter, r)
	report, err := r.Do(ctx)
	erase()
	if err != nil {
		return err
	}
	if err := write(cmd.Root().Writer, report, cmd.Bool("json")); err != nil {
		return err
	}
	if report.Errors > 0 {
		return qerrors.New(qerrors.Internal, "%d failed and %d did not; the first failed because: %s", report.Errors, report.Messages, report.FirstError)
	}
	return nil
}

func write(w io.Writer, report load.Report, json bool) error {
	if json {
		return console.WriteJSON(w, report, false)
	}
	return report.WriteSummary(w)
}

// watch shows the progress on a line of a terminal, until the function that it
// returns erases that.
func watch(w io.Writer, r *load.Run) (erase func()) {
	if !console.IsTerminal(w) {
		return func() {}
	}
	const line = "\r\x1b[K"
	r.Watch = func(p load.Progress) {
		_, _ = fmt.Fprintf(w, line+"%s: %s, %s, %s a second", p.Doing, console.Age(p.Elapsed),
			console.Count(float64(p.Count)), console.Count(float64(p.Count)/p.Elapsed.Seconds()))
	}
	return func() { _, _ = fmt.Fprint(w, line) }
}

// cleanUp calls stop with some time, also after ctx has ended.
func cleanUp(ctx context.Context, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(settings.SecondSignal(ctx), closeTime)
	defer cancel()
	return stop(ctx)
}
