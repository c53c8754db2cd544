package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/session"
)

// shells are started so that they print "ready>" when a line can be typed.
func shells() map[string][]string {
	return map[string][]string{
		"bash": {"--noprofile", "--norc", "-i"},
		"zsh":  {"-f", "-i"},
		"fish": {"--no-config", "-i"},
	}
}

// setup is typed first. The prompt is put together, so that it is not seen in what
// was typed.
func setup() map[string]string {
	return map[string]string{
		"bash": "PS1='rea''dy>'; source <(quic-ctl completion bash)\r",
		"zsh":  "PS1='rea''dy>'; autoload -Uz compinit; compinit -D -u; source <(quic-ctl completion zsh)\r",
		"fish": "function fish_prompt; echo 'rea''dy>'; end; function fish_right_prompt; end; quic-ctl completion fish | source\r",
	}
}

// TestCompletion types into real shells: what was typed, a tab, and a return that
// runs the line. A quic-ctl that says what it was given stands for the program.
func TestCompletion(t *testing.T) {
	var hub testhub.Hub
	for _, id := range []string{"client-001", "edge:7", "a b", "$(touch pwned)x", "it's; touch pwned", "ü日", "x@y=z", `back\slash`, "`touch pwned`", "\x1b[2Jz"} {
		hub.Connect(append(hubClients(&hub), session.Info{ClientID: id})...)
	}
	api := testhub.Serve(t, &hub)
	for name, args := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(name)
			if err != nil {
				t.Skip(err)
			}
			s := startShell(t, path, args, setup()[name], api)
			for _, test := range []struct{ typed, want string }{
				{"di\t client-001", "disconnect|client-001"},
				{"get cl\t", "get|client-001"},
				{"get edge:\t", "get|edge:7"},
				{"get a\t", "get|a b"},
				{`get \$\(` + "\t", "get|$(touch pwned)x"},
				{"get \\`\t", "get|`touch pwned`"},
				{"get it\t", "get|it's; touch pwned"},
				{"get ü\t", "get|ü日"},
				{"get x\t", "get|x@y=z"},
				{"get x@y\t", "get|x@y=z"},
				{"get ba\t", `get|back\slash`},
				{"send -cl\t cl\t -wa\t", "send|-client|client-001|-wait-ack"},
				{"send -type q\t -payload @pay\t", "send|-type|query|-payload|@pay"},
				{"send -client=cl\t", "send|-client=client-001"},
				{"watch -types conn\t", "watch|-types|connect"},
				{"help se\t", "help|send"},
				{"certs -dir fol\t", "certs|-dir|folder"},
				{"get z\t", "get|z"}, // not offered: it would steer the terminal
			} {
				if got := s.run(test.typed); got != test.want {
					t.Errorf("%q runs %q, want %q", test.typed, got, test.want)
				}
			}
			if _, err := os.Stat(filepath.Join(s.dir, "pwned")); err == nil {
				t.Error("the shell ran the id of a client")
			}
		})
	}
}

func hubClients(hub *testhub.Hub) []session.Info {
	all, _ := hub.ClientPage("", "", math.MaxInt)
	return all
}

// shell is a shell at its prompt.
type shell struct {
	*testprocess.Terminal
	t     *testing.T
	dir   string
	lines int // that were run
}

// wrapper is quic-ctl for completions, and else notes its arguments.
const wrapper = `#!/bin/sh
case "$*" in
*--generate-shell-completion | completion*) exec PROGRAM "$@" ;;
esac
IFS='|'
printf '%s\n' "$*" >>args
printf 'line %d\n' $(wc -l <args)
`

func startShell(t *testing.T, path string, args []string, setup, api string) *shell {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "quic-ctl"), []byte(strings.ReplaceAll(wrapper, "PROGRAM", os.Args[0])), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + dir, "TERM=dumb", "LC_ALL=C.UTF-8", "QUIC_API=" + api, programEnv + "=1", "GORACE=atexit_sleep_ms=0",
	}
	s := &shell{Terminal: testprocess.StartOnTerminal(t, cmd, 200, 50), t: t, dir: dir}
	s.Type(setup)
	s.AwaitText("ready>")
	return s
}

// run types a line and returns the arguments with which it runs quic-ctl, with bars
// between them.
func (s *shell) run(typed string) string {
	s.t.Helper()
	s.lines++
	s.Type("quic-ctl " + typed + "\r")
	s.AwaitText(fmt.Sprintf("line %d\r\n", s.lines), "ready>")
	args, err := os.ReadFile(filepath.Join(s.dir, "args"))
	if err != nil {
		s.t.Fatal(err)
	}
	line := strings.Split(string(args), "\n")[s.lines-1]
	return strings.TrimSuffix(line, "/") // of a folder, which some shells show
}
