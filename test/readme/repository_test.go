package readme

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"
)

// others are commands of other people that documents may use.
func others() []string {
	return []string{"docker", "install", "journalctl", "jq", "printf", "sysctl", "systemctl", "tee", "ufw", "nft", "firewall-cmd"}
}

// repository checks commands against what there is.
type repository struct {
	t    *testing.T
	bin  string            // where programs are built
	help map[string]string // what they say, by program and commands
}

func newRepository(t *testing.T) *repository {
	return &repository{t: t, bin: t.TempDir(), help: map[string]string{}}
}

// check returns what is wrong with a command line, which may have several commands.
func (r *repository) check(line string) error {
	words, err := shellquote.Split(line)
	if err != nil {
		return err
	}
	for len(words) > 0 {
		end := slices.IndexFunc(words, func(w string) bool { return slices.Contains([]string{"|", "||", "&&", "&", ";"}, w) })
		if end < 0 {
			end = len(words)
		}
		if err := r.checkOne(words[:end]); err != nil {
			return err
		}
		words = words[min(end+1, len(words)):]
	}
	return nil
}

func (r *repository) checkOne(words []string) error {
	for len(words) > 0 && regexp.MustCompile(`^\w+=`).MatchString(words[0]) {
		words = words[1:] // a variable
	}
	if redirection := slices.IndexFunc(words, regexp.MustCompile(`^\d?[<>]`).MatchString); redirection >= 0 {
		words = words[:redirection]
	}
	if len(words) == 0 {
		return nil
	}
	if words[0] == "sudo" {
		words = words[1:]
	}
	name, args := words[0], words[1:]
	program, bin := strings.CutPrefix(name, "./bin/")
	switch {
	case bin:
		source := "examples/" + strings.TrimPrefix(program, "examples/")
		if command, ok := strings.CutPrefix(program, "quic-"); ok {
			source = "cmd/" + command
		} else if example, ok := strings.CutSuffix(program, "-server"); ok { // one that is a single program
			source = "examples/" + example
		}
		return r.flags(source, args)
	case name == "./scripts/gen-certs.sh":
		return r.flags("cmd/ctl", append([]string{"certs"}, args...))
	case strings.HasPrefix(name, "./scripts/"):
		return r.executable(name)
	case name == "make":
		return r.targets(args)
	case name == "go" && len(args) > 1 && args[0] == "run" && strings.HasPrefix(args[1], "./"):
		return r.flags(args[1], args[2:])
	case name == "go" || slices.Contains(others(), name):
		return nil
	default:
		return fmt.Errorf("nothing is known about %q", name)
	}
}

func (r *repository) executable(path string) error {
	info, err := os.Stat(filepath.Join(root, path))
	if err == nil && info.Mode()&0o111 == 0 {
		err = fmt.Errorf("%s cannot be executed", path)
	}
	return err
}

func (r *repository) targets(args []string) error {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return err
	}
	for _, target := range args {
		if !strings.Contains(target, "=") && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(target)+`:`).Match(makefile) {
			return fmt.Errorf("make has no target %q", target)
		}
	}
	return nil
}

// flags checks the flags in args, which the program says it has in its help.
func (r *repository) flags(source string, args []string) error {
	first := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
	if first < 0 {
		first = len(args)
	}
	help, err := r.helpOf(source, args[:first])
	if err != nil {
		return err
	}
	for _, arg := range args[first:] {
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || flag == "" || flag == "h" {
			continue // a value, or stdin
		}
		if !regexp.MustCompile(`(?m)(^ +|, )--?` + regexp.QuoteMeta(flag) + `([ ,]|$)`).MatchString(help) {
			return fmt.Errorf("%s has no flag -%s", source, flag)
		}
	}
	return nil
}

// helpOf returns the help of a program, or of one of its commands.
func (r *repository) helpOf(source string, commands []string) (string, error) {
	key := source + " " + strings.Join(commands, " ")
	if help, ok := r.help[key]; ok {
		return help, nil
	}
	program := filepath.Join(r.bin, strings.ReplaceAll(filepath.Clean(source), "/", "-"))
	if _, err := os.Stat(program); err != nil {
		if err := r.build(program, source); err != nil {
			return "", err
		}
	}
	out, err := exec.CommandContext(r.t.Context(), program, append(slices.Clone(commands), "-h")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s -h: %w: %s", key, err, out)
	}
	r.help[key] = string(out)
	return r.help[key], nil
}

func (r *repository) build(program, source string) error {
	files, err := filepath.Glob(filepath.Join(root, source, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, err := os.ReadFile(file); err != nil { // so that "go test" sees a change of it
			return err
		}
	}
	build := exec.CommandContext(r.t.Context(), "go", "build", "-o", program, "./"+filepath.Clean(source))
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
