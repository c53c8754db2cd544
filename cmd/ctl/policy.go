package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/console"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/policy"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

func policyCommand() *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "look at a policy, the file of the hub's -policy",
		Commands: []*cli.Command{{
			Name:      "check",
			Usage:     "check a policy, and explain what a client may do under it",
			ArgsUsage: "FILE",
			Description: "Exits with 2 if the file is no policy. No hub is asked: the file may be a draft.\n\n" +
				"Examples:\n" +
				"  quic-ctl policy check policy.yaml\n" +
				"  quic-ctl policy check policy.yaml -client sensor-7 -type event",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "client", Usage: "explain what the client `ID` may send and receive"},
				&cli.StringFlag{Name: "type", DefaultText: "all", Usage: "only messages of this `TYPE`: command, event or query"},
			},
			ArgValidator: onePolicy,
			Action:       checkPolicy,
		}},
	}
}

func onePolicy(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 || cmd.Args().First() == "" {
		return qerrors.New(qerrors.InvalidConfig, "give the file of one policy, as in quic-ctl policy check policy.yaml")
	}
	return nil
}

func checkPolicy(_ context.Context, cmd *cli.Command) error {
	id, path := cmd.String("client"), cmd.Args().First()
	types := []protocol.MessageType{
		protocol.MessageType_MESSAGE_TYPE_COMMAND, protocol.MessageType_MESSAGE_TYPE_EVENT, protocol.MessageType_MESSAGE_TYPE_QUERY,
	}
	if name := cmd.String("type"); name != "" {
		t, ok := protocol.ParseMessageType(name)
		switch {
		case !ok:
			return qerrors.New(qerrors.InvalidConfig, "type is %q: use command, event or query", name)
		case id == "":
			return qerrors.New(qerrors.InvalidConfig, "-type is for what a client may do: add -client ID")
		}
		types = []protocol.MessageType{t}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return qerrors.New(qerrors.InvalidConfig, "cannot read the policy: %w", err)
	}
	p, err := policy.Parse(path, data)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", path, p)
	if id != "" {
		rule, decisions := p.Explain(id, types...)
		fmt.Fprintf(&text, "client %s: %s\n", id, rule)
		for _, d := range decisions {
			text.WriteString(decision("send", d.Type, d.Send) + decision("receive", d.Type, d.Receive))
		}
	}
	return console.WriteBytes(cmd.Root().Writer, []byte(text.String()))
}

// decision returns the line that says whether and why a client may do something.
func decision(what string, t protocol.MessageType, a policy.Answer) string {
	may := "may not"
	if a.Allowed {
		may = "may"
	}
	return fmt.Sprintf("%s %s %s: %s\n", may, what, t.Name(), a.Why)
}
