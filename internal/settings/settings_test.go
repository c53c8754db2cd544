package settings_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// values are what the flags of command had when its Action ran.
type values struct {
	Addr      string
	Max       int
	Ratio     float64
	Insecure  bool
	Heartbeat time.Duration
	Payload   int
	Labels    []string
	Ports     []int
}

func defaults() values {
	return values{Addr: ":8474", Max: 10000, Ratio: 0.5, Heartbeat: 15 * time.Second, Payload: 1 << 20, Labels: []string{"a"}, Ports: []int{}}
}

// command has a flag of every type; its Action leaves their values in got.
func command(got *values) *cli.Command {
	d := defaults()
	return &cli.Command{
		Name:  "quic-server",
		Usage: "the hub of the backbone",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Value: d.Addr, Usage: "`ADDRESS` to listen on", Category: "Connection"},
			&cli.IntFlag{Name: "max-clients", Value: d.Max, Usage: "clients connected at once", Category: "Connection"},
			&cli.DurationFlag{Name: "heartbeat-interval", Value: d.Heartbeat, Usage: "time between two pings", Category: "Heartbeats"},
			&cli.BoolFlag{Name: "insecure", Usage: "trust every certificate, which only a test may do", Category: "Connection"},
			&settings.SizeFlag{Name: "max-payload", Value: d.Payload, Usage: "largest payload of a message"},
			&cli.FloatFlag{Name: "ratio", Value: d.Ratio, Usage: "share of traces kept"},
			&cli.StringSliceFlag{Name: "label", Value: d.Labels, Usage: "`KEY=VALUE` that describes this machine"},
			&cli.IntSliceFlag{Name: "port"},
			&cli.StringFlag{Name: "token", Required: true, Value: "t", Usage: "proves who asks"},
			&cli.StringFlag{Name: "secret", Hidden: true},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			*got = values{
				Addr: cmd.String("addr"), Max: cmd.Int("max-clients"), Ratio: cmd.Float("ratio"),
				Insecure: cmd.Bool("insecure"), Heartbeat: cmd.Duration("heartbeat-interval"),
				Payload: cmd.Int("max-payload"), Labels: cmd.StringSlice("label"), Ports: cmd.IntSlice("port"),
			}
			return nil
		},
	}
}

// run runs command with a token and args, and with file as its -config unless
// file is empty. FILE in an error stands for the path of the file.
func run(t *testing.T, file string, args ...string) (values, string) {
	t.Helper()
	var got values
	path := filepath.Join(t.TempDir(), "hub.yaml")
	args = append([]string{"quic-server", "-token=x"}, args...)
	if file != "" {
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-config", path)
	}
	err := settings.Run(t.Context(), command(&got), args)
	if err == nil {
		return got, ""
	}
	if !errors.Is(err, qerrors.ErrInvalidConfig) {
		t.Errorf("error %v does not have the code InvalidConfig", err)
	}
	return got, strings.ReplaceAll(err.Error(), path, "FILE")
}

func TestPrecedence(t *testing.T) {
	tests := []struct {
		name string
		flag string
		env  string
		file string
		want time.Duration
	}{
		{"nothing", "", "", "", 15 * time.Second},
		{"file", "", "", "heartbeat-interval: 3s", 3 * time.Second},
		{"environment", "", "2s", "", 2 * time.Second},
		{"environment over file", "", "2s", "heartbeat-interval: 3s", 2 * time.Second},
		{"flag", "1s", "", "", time.Second},
		{"flag over file", "1s", "", "heartbeat-interval: 3s", time.Second},
		{"flag over environment", "1s", "2s", "", time.Second},
		{"flag over both", "1s", "2s", "heartbeat-interval: 3s", time.Second},
		{"empty variable", "", "", "heartbeat-interval: 3s", 3 * time.Second},
		{"flag over wrong variable", "1s", "soon", "", time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("QUIC_HEARTBEAT_INTERVAL", tt.env)
			var args []string
			if tt.flag != "" {
				args = []string{"-heartbeat-interval", tt.flag}
			}
			got, err := run(t, tt.file, args...)
			if err != "" || got.Heartbeat != tt.want {
				t.Errorf("got %v and error %q, want %v", got.Heartbeat, err, tt.want)
			}
		})
	}
}

func TestEverySourceSetsEveryType(t *testing.T) {
	want := values{":9", 7, 0.25, true, 90 * time.Second, 64 << 10, []string{"b", "c"}, []int{1, 2}}
	check := func(t *testing.T, file string, args ...string) {
		t.Helper()
		got, err := run(t, file, args...)
		if diff := cmp.Diff(want, got); diff != "" || err != "" {
			t.Errorf("error %q, values (-want +got):\n%s", err, diff)
		}
	}
	t.Run("single dash", func(t *testing.T) {
		check(t, "", "-addr", ":9", "-max-clients", "7", "-ratio=.25", "-insecure", "-heartbeat-interval=1m30s",
			"-max-payload", "64KiB", "-label", "b", "-label=c", "-port", "1", "-port", "2")
	})
	t.Run("double dash", func(t *testing.T) {
		check(t, "", "--addr", ":9", "--max-clients", "7", "--ratio=.25", "--insecure=true", "--heartbeat-interval=1m30s",
			"--max-payload", "65536", "--label", "b", "--label=c", "--port", "1", "--port", "2")
	})
	t.Run("environment", func(t *testing.T) {
		for name, value := range map[string]string{
			"addr": ":9", "max-clients": "7", "ratio": "0.25", "insecure": "true", "heartbeat-interval": "1m30s",
			"max-payload": "64KiB", "label": "b, c", "port": "1,2",
		} {
			t.Setenv(settings.Env(name), value)
		}
		check(t, "")
	})
	t.Run("file", func(t *testing.T) {
		check(t, `# comments are welcome
addr: ":9"
max-clients: 7
ratio: 0.25
insecure: true
heartbeat-interval: 1m30s
max-payload: 64KiB
label: [b, "c"]
port:
  - 1
  - 2
`)
	})
}

func TestFileNamedByTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.yaml")
	if err := os.WriteFile(path, []byte("addr: :7"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("QUIC_CONFIG", path)
	if got, err := run(t, ""); err != "" || got.Addr != ":7" {
		t.Errorf("got %q and error %q, want :7 from the file of QUIC_CONFIG", got.Addr, err)
	}
	if got, err := run(t, "addr: :6"); err != "" || got.Addr != ":6" {
		t.Errorf("got %q and error %q, want :6 from the file of -config", got.Addr, err)
	}
	if got, err := run(t, "", "-config="); err != "" || got.Addr != ":8474" {
		t.Errorf("got %q and error %q, want the default: -config= asks for no file", got.Addr, err)
	}
}

func TestCommasInLists(t *testing.T) {
	if got, err := run(t, "", "-label", "x,y"); err != "" || !cmp.Equal(got.Labels, []string{"x,y"}) {
		t.Errorf("-label x,y gives %q and error %q", got.Labels, err)
	}
	if got, err := run(t, `label: ["x,y", z]`); err != "" || !cmp.Equal(got.Labels, []string{"x,y", "z"}) {
		t.Errorf("the list of the file gives %q and error %q", got.Labels, err)
	}
	if got, err := run(t, "label: x,y"); err != "" || !cmp.Equal(got.Labels, []string{"x,y"}) {
		t.Errorf("the single value of the file gives %q and error %q", got.Labels, err)
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct{ args, want string }{
		{"-adr :9", "unknown flag -adr (did you mean -addr?); see quic-server -h"},
		{"--heartbeat 1s", "unknown flag -heartbeat (did you mean -heartbeat-interval?); see quic-server -h"},
		{"-secre x", "unknown flag -secre; see quic-server -h"},
		{"-addr", "flag needs an argument: -addr; see quic-server -h"},
		{"-heartbeat-interval soon", `invalid value "soon" for flag -heartbeat-interval: it takes a duration such as 15s or 1m30s; see quic-server -h`},
		{"-heartbeat-interval 15", `invalid value "15" for flag -heartbeat-interval: it takes a duration such as 15s or 1m30s; see quic-server -h`},
		{"-max-clients many", `invalid value "many" for flag -max-clients: it takes a whole number; see quic-server -h`},
		{"-max-clients 99999999999999999999", `invalid value "99999999999999999999" for flag -max-clients: out of range; it takes a whole number; see quic-server -h`},
		{"-ratio half", `invalid value "half" for flag -ratio: it takes a number; see quic-server -h`},
		{"-insecure=maybe", `invalid value "maybe" for flag -insecure: it takes true or false; see quic-server -h`},
		{"-max-payload 1X", `invalid value "1X" for flag -max-payload: not a whole number of bytes, KiB, MiB or GiB; see quic-server -h`},
		{"stray", `unexpected argument "stray"; flags begin with a dash, see quic-server -h`},
		{"-insecure false", `unexpected argument "false": a flag that is on or off takes its value after =, as in -name=false`},
		{"-- -addr", `unexpected argument "-addr"; flags begin with a dash, see quic-server -h`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			if _, err := run(t, "", strings.Fields(tt.args)...); err != "invalid_config: "+tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestRequiredFlag(t *testing.T) {
	var got values
	err := settings.Run(t.Context(), command(&got), []string{"quic-server"})
	if want := "invalid_config: the flag -token TEXT is missing (proves who asks); see quic-server -h"; !errors.Is(err, qerrors.ErrInvalidConfig) || err.Error() != want {
		t.Errorf("without -token: %v", err)
	}
	t.Setenv("QUIC_TOKEN", "x")
	if err := settings.Run(t.Context(), command(&got), []string{"quic-server"}); err != nil {
		t.Errorf("with QUIC_TOKEN: %v", err)
	}
}

func TestWrongVariables(t *testing.T) {
	tests := []struct{ env, value, want string }{
		{"QUIC_MAX_CLIENTS", "many", `environment variable QUIC_MAX_CLIENTS: cannot use "many": it takes a whole number`},
		{"QUIC_INSECURE", "maybe", `environment variable QUIC_INSECURE: cannot use "maybe": it takes true or false`},
		{"QUIC_PORT", "1,x", `environment variable QUIC_PORT: cannot use "x": it takes a whole number`},
		{"QUIC_CONFIG", "/nowhere", "cannot read the settings: open /nowhere: no such file or directory; correct -config or QUIC_CONFIG"},
	}
	for _, tt := range tests {
		t.Run(tt.env, func(t *testing.T) {
			t.Setenv(tt.env, tt.value)
			if _, err := run(t, ""); err != "invalid_config: "+tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	tests := []struct {
		text string
		want int // 0: refused
	}{
		{"1", 1}, {"1048576", 1 << 20}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"2 GiB", 2 << 30},
		{"", 0}, {"MiB", 0}, {"-1", 0}, {"1.5MiB", 0}, {"1MB", 0}, {"1mib", 0}, {"9999999999GiB", 0}, {"9223372036854775808", 0},
	}
	for _, tt := range tests {
		got, err := run(t, "", "-max-payload="+tt.text)
		if (err == "") != (tt.want != 0) || got.Payload != tt.want {
			t.Errorf("-max-payload=%s gives %d and error %q, want %d", tt.text, got.Payload, err, tt.want)
		}
	}
}
