package settings_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func colour() cli.Flag {
	return &cli.StringFlag{Name: "colour", Value: "grey", Validator: func(text string) error {
		if text == "loud" {
			return errors.New("use a colour")
		}
		return nil
	}}
}

// reread runs a program whose file says before when it starts and after when it
// rereads -colour. It returns what the program had, and has then.
func reread(t *testing.T, before, after string, args ...string) (had, has, beatenBy string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(before)
	var rereadErr error
	err = settings.Run(t.Context(), &cli.Command{
		Name:  "quic-test",
		Flags: []cli.Flag{colour(), &cli.IntFlag{Name: "max-clients"}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			had = cmd.String("colour")
			if write(after); after == "gone" {
				if err := os.Remove(path); err != nil {
					t.Error(err)
				}
			}
			flag := colour()
			beatenBy, rereadErr = settings.Reread(cmd, flag)
			has = flag.Get().(string)
			if cmd.String("colour") != had {
				t.Error("the flag that the program has was changed")
			}
			return nil
		},
	}, append([]string{"quic-test", "-config", path}, args...))
	if err != nil {
		t.Fatal(err)
	}
	if rereadErr != nil && !errors.Is(rereadErr, qerrors.ErrInvalidConfig) {
		t.Errorf("error %v does not have the code InvalidConfig", rereadErr)
	}
	return had, has, beatenBy, rereadErr
}

func TestReread(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		env           string
		args          []string
		had, has      string
		beatenBy      string
	}{
		"changed":           {before: "colour: red", after: "colour: blue", had: "red", has: "blue"},
		"the same":          {before: "colour: red", after: "colour: red", had: "red", has: "red"},
		"new":               {after: "colour: blue", had: "grey", has: "blue"},
		"removed":           {before: "colour: red", after: "# none", had: "red", has: "grey"},
		"with another key":  {before: "colour: red", after: "max-clients: 7\ncolour: blue", had: "red", has: "blue"},
		"flag":              {before: "colour: red", after: "colour: blue", args: []string{"-colour", "green"}, had: "green", has: "grey", beatenBy: "-colour"},
		"environment":       {before: "colour: red", after: "colour: blue", env: "green", had: "green", has: "grey", beatenBy: "QUIC_COLOUR"},
		"flag beats both":   {after: "colour: blue", env: "green", args: []string{"-colour=pink"}, had: "pink", has: "grey", beatenBy: "-colour"},
		"flag beats broken": {after: "colour: [", args: []string{"-colour=pink"}, had: "pink", has: "grey", beatenBy: "-colour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("QUIC_COLOUR", test.env)
			had, has, beatenBy, err := reread(t, test.before, test.after, test.args...)
			if had != test.had || has != test.has || beatenBy != test.beatenBy || err != nil {
				t.Errorf("had %q, has %q, beaten by %q, error %v; want %q, %q, %q", had, has, beatenBy, err, test.had, test.has, test.beatenBy)
			}
		})
	}
}

func TestRereadWrongFiles(t *testing.T) {
	for after, want := range map[string]string{
		"\n\ncolour: loud":          `hub.yaml:3: colour: cannot use "loud": use a colour`,
		"colour: blue\ncolor: blue": "hub.yaml:2: unknown key color (did you mean colour?)",
		"colour: [":                 "hub.yaml:2: not valid YAML: ",
		"colour:":                   "hub.yaml:1: colour has no value",
		"gone":                      "cannot read the settings: ",
	} {
		if _, _, _, err := reread(t, "colour: red", after); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives error %v, want %q", after, err, want)
		}
	}
}

// TestRereadOfACommand: a flag of a command has the command's name in its key.
func TestRereadOfACommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ctl.yaml")
	if err := os.WriteFile(path, []byte("group-paint-colour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flag := colour()
	paint := &cli.Command{Name: "paint", Flags: []cli.Flag{colour()}, Action: func(_ context.Context, cmd *cli.Command) error {
		_, err := settings.Reread(cmd, flag)
		return err
	}}
	err := settings.Run(t.Context(), &cli.Command{Name: "quic-ctl", Commands: []*cli.Command{
		{Name: "group", Commands: []*cli.Command{paint}},
	}}, []string{"quic-ctl", "-config", path, "group", "paint"})
	if got := flag.Get(); err != nil || got != "red" {
		t.Errorf("reread %q with error %v, want red", got, err)
	}
}

func TestRereadOfNoFlag(t *testing.T) {
	err := settings.Run(t.Context(), &cli.Command{Name: "quic-test", Action: func(_ context.Context, cmd *cli.Command) error {
		_, err := settings.Reread(cmd, colour())
		return err
	}}, []string{"quic-test"})
	if err == nil || !strings.Contains(err.Error(), "quic-test has no flag -colour") {
		t.Errorf("error %v", err)
	}
}
