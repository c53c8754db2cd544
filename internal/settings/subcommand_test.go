package settings_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/golden"
	"github.com/voilet/QuicFlow/internal/settings"
)

// control runs a program with commands that say what they were given, and returns
// its output or else its error.
func control(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	report := func(_ context.Context, cmd *cli.Command) error {
		_, err := fmt.Fprintln(&out, cmd.FullName(), cmd.String("api"), cmd.Int("limit"), cmd.Args().Slice())
		return err
	}
	limit := func() []cli.Flag { return []cli.Flag{&cli.IntFlag{Name: "limit", Usage: "list up to `N`"}} }
	cmd := &cli.Command{
		Name:   "quic-ctl",
		Usage:  "asks and tells a hub",
		Writer: &out,
		Flags:  []cli.Flag{&cli.StringFlag{Name: "api", Value: "local", Usage: "`URL` of the hub"}},
		Commands: []*cli.Command{
			{Name: "clients", Usage: "list the clients", Action: report, Flags: limit()},
			{Name: "group", Usage: "groups of clients", Commands: []*cli.Command{
				{Name: "add", Usage: "make a group", ArgsUsage: "NAME", Action: report, Flags: limit(), ShellComplete: settings.Complete(names)},
			}},
		},
	}
	if err := settings.Run(t.Context(), cmd, append([]string{"quic-ctl"}, args...)); err != nil {
		return err.Error()
	}
	return out.String()
}

func TestSubcommands(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"default", "clients", "quic-ctl clients local 0 []"},
		{"flag before the command", "-api a clients", "quic-ctl clients a 0 []"},
		{"flag after the command", "clients -api a", "quic-ctl clients a 0 []"},
		{"argument", "group add blue", "quic-ctl group add local 0 [blue]"},
		{"help of a group", "group -h", "quic-ctl group: groups of clients"},
		{"group alone", "group", "quic-ctl group: groups of clients"},
		{"help command", "help group add", "quic-ctl group add: make a group"},
		{"help with a broken file", "help -config /nowhere", "quic-ctl: asks and tells a hub"},
		{"completion with a broken file", "completion -config=/nowhere bash", "_quic_ctl() {"},
		{"unknown command", "client", `invalid_config: unknown command "client" (did you mean clients?); see quic-ctl -h`},
		{"unknown flag", "group add -ap x", "invalid_config: unknown flag -ap (did you mean -api?); see quic-ctl group add -h"},
		{"unknown topic", "help nonsense", `invalid_config: no command "nonsense"; see quic-ctl -h`},
		{"unknown shell", "completion bush", `invalid_config: unknown command "bush" (did you mean bash?); see quic-ctl completion -h`},
		{"stray argument", "clients x", `invalid_config: unexpected argument "x"; flags begin with a dash, see quic-ctl clients -h`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := control(t, strings.Fields(tt.args)...); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestKeysOfSubcommands(t *testing.T) {
	tests := []struct{ name, env, file, args, want string }{
		{"variable of a command", "QUIC_CLIENTS_LIMIT=2", "", "clients", "quic-ctl clients local 2 []\n"},
		{"variable of a command in a group", "QUIC_GROUP_ADD_LIMIT=2", "", "group add", "quic-ctl group add local 2 []\n"},
		{"variable of the program", "QUIC_API=env", "", "group add", "quic-ctl group add env 0 []\n"},
		{"variable without the command", "QUIC_LIMIT=2", "", "clients", "quic-ctl clients local 0 []\n"},
		{"variable of another command", "QUIC_CLIENTS_LIMIT=two", "", "group add", "quic-ctl group add local 0 []\n"},
		{"wrong variable", "QUIC_CLIENTS_LIMIT=two", "", "clients", `invalid_config: environment variable QUIC_CLIENTS_LIMIT: cannot use "two": it takes a whole number`},
		{"file", "", "api: file\nclients-limit: 3\ngroup-add-limit: 4", "clients", "quic-ctl clients file 3 []\n"},
		{"file for a command in a group", "", "api: file\nclients-limit: 3\ngroup-add-limit: 4", "group add", "quic-ctl group add file 4 []\n"},
		{"key without the command", "", "limit: 3", "clients", "invalid_config: FILE:1: unknown key limit (did you mean clients-limit?)"},
		{"wrong key", "", "clients-limit: x", "clients", `invalid_config: FILE:1: clients-limit: cannot use "x": it takes a whole number`},
		{"flag over both", "QUIC_CLIENTS_LIMIT=2", "clients-limit: 3", "clients -limit 1", "quic-ctl clients local 1 []\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ctl.yaml")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if name, value, ok := strings.Cut(tt.env, "="); ok {
				t.Setenv(name, value)
			}
			got := control(t, append(strings.Fields(tt.args), "-config", path)...)
			if got = strings.ReplaceAll(got, path, "FILE"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestFileOfAProgramWithCommands: the file of the hub beside it is not its own.
func TestFileOfAProgramWithCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ctl.yaml")
	if err := os.WriteFile(path, []byte("api: file"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("QUIC_CONFIG", "/nowhere")
	t.Setenv("QUIC_CTL_CONFIG", path)
	if got := control(t, "clients"); got != "quic-ctl clients file 0 []\n" {
		t.Errorf("with the file of QUIC_CTL_CONFIG: %s", got)
	}
	t.Setenv("QUIC_CTL_CONFIG", "/missing")
	want := "invalid_config: cannot read the settings: open /missing: no such file or directory; correct -config or QUIC_CTL_CONFIG"
	if got := control(t, "clients"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHelpOfASubcommand(t *testing.T) {
	golden.Compare(t, "testdata/subcommand.txt", control(t, "group", "add", "-h"))
}

// names completes the names of groups, and says what it was asked.
func names(_ context.Context, cmd *cli.Command, flag, begun string) []string {
	asked := fmt.Sprintf("%s/%s/%s/%d", cmd.String("api"), flag, begun, cmd.NArg())
	return []string{"blue\tasked " + asked, "blue sky", "black\x1b[2J", "red\tred\x1b\u202e", begun + "+"}
}

func TestCompletion(t *testing.T) {
	allFlags := []string{"-limit\tlist up to N", "-api\tURL of the hub", "-config\tYAML FILE with a line for each setting, see below", "-help\tshow this help"}
	tests := []struct {
		typed string // the word to complete is behind the last space
		want  []string
	}{
		{"", []string{"clients\tlist the clients", "group\tgroups of clients", "completion\tprint the script that completes words in a shell", "help\tshow the help of a command"}},
		{"c", []string{"clients\tlist the clients", "completion\tprint the script that completes words in a shell"}},
		{"group", []string{"group\tgroups of clients"}},
		{"group ", []string{"add\tmake a group"}},
		{"help ", []string{"clients\tlist the clients", "group\tgroups of clients", "completion\tprint the script that completes words in a shell", "help\tshow the help of a command"}},
		{"help group ", []string{"add\tmake a group"}},
		{"help nonsense ", nil},
		{"completion ", []string{"bash\tprint the script for bash", "zsh\tprint the script for zsh", "fish\tprint the script for fish"}},
		{"clients ", nil},
		{"-a", []string{"-api\tURL of the hub"}},
		{"-api", []string{"-api\tURL of the hub"}},
		{"-api ", nil},
		{"clients -", allFlags},
		{"clients -limit 3 -", allFlags},
		{"clients -limit -", nil}, // that is a value
		{"clients -- -l", nil},
		{"clients -nonsense ", nil},
		{"group add bl", []string{"blue\tasked local//bl/0", "blue sky\t", "bl+\t"}},
		{"group add -api x -limit 3 r", []string{"red\tred  ", "r+\t"}},
		{"group add -api x blue b", []string{"blue\tasked x//b/1", "blue sky\t", "b+\t"}},
		{"group add -limit b", []string{"blue\tasked local/limit/b/1", "blue sky\t", "b+\t"}},
		{"group add -limit=b", []string{"-limit=blue\tasked local/limit/b/0", "-limit=blue sky\t", "-limit=b+\t"}},
		{"group add -limit=", []string{"-limit=blue\tasked local/limit//0", "-limit=blue sky\t", "-limit=red\tred  ", "-limit=+\t"}},
		{"group add -l", []string{"-limit\tlist up to N"}},
	}
	for _, tt := range tests {
		got := control(t, append(strings.Split(tt.typed, " "), "--generate-shell-completion")...)
		if want := strings.Join(append(tt.want, ""), "\n"); got != want {
			t.Errorf("%q is completed with\n%s, want\n%s", tt.typed, got, want)
		}
	}
}
