package main

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const developmentCA = "certs/ca.crt"

func flags() []cli.Flag {
	return slices.Concat(
		program.Category("Network",
			&cli.StringFlag{Name: "server", Value: "localhost:8474", Validator: program.Address, Usage: "`ADDRESS` of the hub, host:port"},
			&cli.StringFlag{Name: "id", Required: true, Usage: "name of this client, its `ID`; it takes the place of a client that has the same, even to -send one message"},
			program.Duration("handshake-timeout", 10*time.Second, "time for one attempt to connect"),
			program.Duration("max-idle-timeout", 30*time.Second, "silence on the network that ends a connection")),
		program.Category("Trust",
			&cli.StringFlag{Name: "ca", DefaultText: developmentCA + " if it exists", TakesFile: true,
				Usage: "PEM `FILE` with the CA that signed the hub's certificate; empty for the system's CAs"},
			&cli.StringFlag{Name: "server-name", DefaultText: "host of -server", Usage: "`NAME` that the hub's certificate must have"},
			&cli.BoolFlag{Name: "insecure", Usage: "trust any certificate: for tests only"},
			&cli.StringFlag{Name: "cert", Usage: "PEM `FILE` with a certificate to present to the hub", TakesFile: true},
			&cli.StringFlag{Name: "key", Usage: "PEM `FILE` with its key", TakesFile: true},
			&cli.StringFlag{Name: "enroll-token", Usage: "`TOKEN` of quic-ctl enroll-token, with which the hub gives a certificate, to -cert and -key, if these are not there yet; it is good once"},
			&cli.BoolFlag{Name: "renew-cert", Usage: "let the hub renew the certificate that it has given, as -enroll-token does too"},
			&cli.StringFlag{Name: "token", Usage: "bearer `TOKEN` to show to the hub; others on this machine can read it in the list of processes: prefer -token-file"},
			&cli.StringFlag{Name: "token-file", Usage: "`FILE` with the token; read again at each connect, and when it changes", TakesFile: true}),
		program.Category("Reconnecting",
			&cli.BoolFlag{Name: "reconnect", Value: true, Usage: "connect again when the connection is lost, and try on when the hub cannot be reached; off with -reconnect=false"},
			program.Duration("initial-backoff", time.Second, "longest wait before the first new attempt; doubles with each"),
			program.Duration("max-backoff", time.Minute, "longest wait before any attempt"),
			&cli.IntFlag{Name: "max-retries", DefaultText: "0, no limit", Validator: program.Within(0, math.MaxInt32),
				Usage: "attempts in a row that may fail before the client gives up"}),
		program.Category("Heartbeats", slices.Concat([]cli.Flag{
			program.Duration("heartbeat-interval", 15*time.Second, "time between two pings, below -max-idle-timeout")},
			program.HeartbeatFlags())...),
		program.Category("Limits", program.LimitFlags()...),
		program.Category("Sending one message",
			&cli.StringFlag{Name: "send", Usage: "send `TEXT` and exit; - stands for what stdin has. Use another -id than that of an agent, which would end"},
			&cli.StringFlag{Name: "type", Value: "command", Action: withSend[string]("type"), Usage: "`TYPE` of the message: command, event or query"},
			&cli.BoolFlag{Name: "wait-ack", Action: withSend[bool]("wait-ack"), Usage: "wait for the answer and print it"},
			&cli.DurationFlag{Name: "timeout", Value: 30 * time.Second, Validator: program.Sensible, Action: withSend[time.Duration]("timeout"),
				Usage: "time for all of it, connecting included"}),
		program.Category("Handling of messages", program.HandlerFlags()...),
		program.Category("Stopping", program.DrainFlag()),
		program.Category("Monitoring of the agent", slices.Concat(program.MonitorFlags(""), program.AccessFlags("metrics", "the metrics"))...),
		program.Category("Logs", program.LogFlags("info, with -send warn")...),
		program.Category("Traces", program.TraceFlags()...),
	)
}

// withSend is the Action of a flag that says how to send. It refuses one that was
// typed without -send; the environment and the file may have one for other times.
func withSend[T any](name string) func(context.Context, *cli.Command, T) error {
	return func(_ context.Context, cmd *cli.Command, _ T) error {
		if !cmd.IsSet("send") {
			return qerrors.New(qerrors.InvalidConfig, "-%s is for a message to send: add -send TEXT", name)
		}
		return nil
	}
}
