package main

import (
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/internal/settings"
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
			&cli.StringFlag{Name: "api", Value: "127.0.0.1:8475", Validator: program.AddressOrNone, Usage: "TCP `ADDRESS` of the HTTP API; off with -api="}),
		program.Category("Who clients are", identityFlags()...),
		program.Category("Access",
			&cli.StringFlag{Name: "policy", TakesFile: true,
				Usage: "YAML `FILE` that says what clients may send and receive, read again when it changes; without it each may send the hub what it wants"}),
		program.Category("HTTP API and metrics", append(program.AccessFlags("api", "the HTTP API and the metrics"),
			&cli.StringSliceFlag{Name: "api-origin", Validator: origins,
				Usage: "`ORIGIN` of web pages that may use the HTTP API, such as https://ops.example.com; may be given several times, and otherwise there are none"})...),
		program.Category("Audit",
			&cli.StringFlag{Name: "audit-log", TakesFile: true,
				Usage: "`FILE` to write down as JSON who is let in or refused, and who does what through the HTTP API; no payloads"},
			program.Size("audit-log-size", 100<<20, 1<<20, 1<<30, "1MiB", "1GiB", "size from which on a new file of the audit log is begun"),
			program.Count("audit-log-keep", 10, 10_000, "older files of the audit log to keep")),
		program.Category("Heartbeats", program.HeartbeatFlags()...),
		program.Category("Limits", slices.Concat([]cli.Flag{
			program.Count("max-clients", 10_000, math.MaxInt32, "clients connected at once"),
			&cli.IntFlag{Name: "max-incoming-streams", Value: 1000, Validator: program.Within(16, math.MaxInt32),
				Usage: "streams that one client may have open, at least 16"}},
			program.LimitFlags(), clientLimits())...),
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

// clientLimits are what one client, or one address, may take of the hub.
func clientLimits() []cli.Flag {
	return []cli.Flag{
		program.Size("max-queue-total", 1<<30, 1, math.MaxInt, "1 byte", "as much as there is", "what may wait to be sent to all clients together; then those that something waits for take no more"),
		program.Unlimited("max-message-rate", "messages a second that one client may send; over it, QUIC's flow control slows it down"),
		&settings.SizeFlag{Name: "max-byte-rate", DefaultText: "no limit", Usage: "payload a second that one client may send; over it, QUIC's flow control slows it down",
			Validator: program.Within(1, math.MaxInt32)},
		program.Size("max-stream-window", 2<<20, 64<<10, 1<<30, "64KiB", "1GiB", "what one client may send on one stream before the hub has read it"),
		program.Size("max-connection-window", 16<<20, 256<<10, 1<<30, "256KiB", "1GiB", "the same for all streams of a client; at least four times -max-stream-window"),
		program.Unlimited("max-clients-per-ip", "connections of one IP address at once, or of one IPv6 network of 64 bits"),
		program.Count("max-connect-rate-per-ip", 1000, math.MaxInt32, "connections a second that one IP address may begin, and so many at once"),
		program.Count("max-pending", 1000, math.MaxInt32, "connections that have not said hello yet; half of them from one IP address"),
		program.Count("address-validation-from", 100, math.MaxInt32, "connections that have not said hello yet, from which on others have to show that their address is their own (Retry)"),
	}
}

func origins(all []string) error {
	for _, origin := range all {
		if err := httpapi.CheckOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}
