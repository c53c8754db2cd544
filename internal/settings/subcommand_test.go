package settings_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
)

func TestSubcommands(t *testing.T) {
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		report := func(_ context.Context, cmd *cli.Command) error {
			out.WriteString(cmd.FullName() + " " + cmd.String("api") + " " + strings.Join(cmd.Args().Slice(), " "))
			return nil
		}
		cmd := &cli.Command{
			Name:   "quic-ctl",
			Usage:  "asks and tells a hub",
			Writer: &out,
			Flags:  []cli.Flag{&cli.StringFlag{Name: "api", Value: "local", Usage: "`URL` of the hub"}},
			Commands: []*cli.Command{
				{Name: "clients", Usage: "list the clients", Action: report, Flags: []cli.Flag{&cli.IntFlag{Name: "limit"}}},
				{Name: "group", Usage: "groups of clients", Commands: []*cli.Command{
					{Name: "add", Usage: "make a group", ArgsUsage: "NAME", Action: report},
				}},
			},
		}
		err := settings.Run(t.Context(), cmd, append([]string{"quic-ctl"}, args...))
		return strings.TrimSpace(out.String()), err
	}
	path := filepath.Join(t.TempDir(), "ctl.yaml")
	if err := os.WriteFile(path, []byte("api: file\nlimit: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, args, want string }{
		{"default", "clients", "quic-ctl clients local"},
		{"flag before the command", "-api a clients", "quic-ctl clients a"},
		{"flag after the command", "clients -api a", "quic-ctl clients a"},
		{"file with the flags of another command", "group add -config " + path + " blue", "quic-ctl group add file blue"},
		{"help of a group", "group -h", "quic-ctl group: groups of clients"},
		{"group alone", "group", "quic-ctl group: groups of clients"},
		{"help command", "help group add", "quic-ctl group add: make a group"},
		{"help with a broken file", "help -config /nowhere", "quic-ctl: asks and tells a hub"},
		{"unknown command", "client", `invalid_config: unknown command "client" (did you mean clients?); see quic-ctl -h`},
		{"unknown flag", "group add -ap x", "invalid_config: unknown flag -ap (did you mean -api?); see quic-ctl group add -h"},
		{"unknown topic", "help nonsense", `invalid_config: no command "nonsense"; see quic-ctl -h`},
		{"stray argument", "clients x", `invalid_config: unexpected argument "x"; flags begin with a dash, see quic-ctl clients -h`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(strings.Fields(tt.args)...)
			if err != nil {
				got = err.Error()
			}
			if first, _, _ := strings.Cut(got, "\n"); first != tt.want {
				t.Errorf("got  %s\nwant %s", first, tt.want)
			}
		})
	}
}
