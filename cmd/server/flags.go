package main

import (
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
)

func flags() []cli.Flag {
	return slices.Concat(
		program.Category("Network",
			&cli.StringFlag{Name: "addr", Value: ":8474", Validator: program.Address, Usage: "UDP `ADDRESS` to listen on, host:port or :port"},
			&cli.StringFlag{Name: "cert", Value: "certs/server.crt", Usage: "PEM `FILE` with the hub's certificate", TakesFile: true},
			&cli.StringFlag{Name: "key", Value: "certs/server.key", Usage: "PEM `FILE` with its key", TakesFile: true},
			program.Duration("handshake-timeout", 5*time.Second, "time for a client to connect, and then to say hello"),
			program.Duration("max-idle-timeout", 30*time.Second, "silence on the network that ends a connection"),
			program.Duration("session-retention", 5*time.Minute, "time for a client whose connection was lost to come back to its session"),
			&cli.StringFlag{Name: "api", Value: "127.0.0.1:8475", Validator: program.AddressOrNone, Usage: "TCP `ADDRESS` of the HTTP API, which has no authentication: keep it on loopback; off with -api="}),
		program.Category("Who clients are", identityFlags()...),
		program.Category("Access",
			&cli.StringFlag{Name: "policy", TakesFile: true,
				Usage: "YAML `FILE` that says what clients may send and receive, read again when it changes; without it each may send the hub what it wants"}),
		program.Category("Heartbeats", program.HeartbeatFlags()...),
		program.Category("Limits", slices.Concat([]cli.Flag{
			program.Count("max-clients", 10_000, math.MaxInt32, "clients connected at once"),
			&cli.IntFlag{Name: "max-incoming-streams", Value: 1000, Validator: program.Within(16, math.MaxInt32),
				Usage: "streams that one client may have open, at least 16"}},
			program.LimitFlags())...),
		program.Category("Handling of messages", slices.Concat(program.HandlerFlags(), program.WebhookFlags())...),
		program.Category("Stopping",
			program.DrainFlag(),
			&cli.DurationFlag{Name: "reconnect-window", DefaultText: "1ms per client", Validator: program.Sensible,
				Usage: "time over which the return of the clients is spread; at least 1s unless set"},
			&cli.StringFlag{Name: "reconnect-address", Validator: program.AddressOrNone,
				Usage: "`ADDRESS` of another hub, host:port, which the clients are told to connect to"}),
		program.Category("Monitoring", slices.Concat(program.MonitorFlags("127.0.0.1:9090"), program.LogFlags("info"), []cli.Flag{
			&cli.StringFlag{Name: "qlog-dir", TakesFile: true,
				Usage: "`FOLDER` for qlogs of single clients, which the HTTP API switches on; costs some percent of speed, also while none is on"}})...),
		program.Category("Traces", program.TraceFlags()...),
	)
}
