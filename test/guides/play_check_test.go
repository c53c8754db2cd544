package guides

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/documents"
)

// TestPlay shows that documents that are right pass, and that others do not. "~" stands
// for the marks of a fence.
func TestPlay(t *testing.T) {
	needs(t, "bash")
	const server = "~bash ready=up\ntrap 'echo down; exit 0' TERM; echo up; sleep 60 & wait\n~\n"
	for _, test := range []struct{ name, text, want string }{
		{"commands", "~bash\necho a\n~\n", ""},
		{"output", "~bash\necho a; echo b >&2\n~\n~text\na\nb\n~\n", ""},
		{"other output", "~bash\necho a\n~\n~text\nb\n~\n", "line 5 shows\nb\n\nbut it printed\na\n"},
		{"JSON", "~bash\necho '{\"a\":1}'\n~\n~json\n{\"a\": 1}\n~\n", ""},
		{"other JSON", "~bash\necho '{\"a\":1}'\n~\n~json\n{\"a\": 2}\n~\n", "line 5 shows"},
		{"JSON further below", "~bash\necho '{\"a\":1}'\n~\nwords\n~json\n{\"a\": 2}\n~\n", ""},
		{"text further below", "~bash\necho a\n~\nwords\n~text\na\n~\n", "no commands stand right before it"},
		{"state", "~bash\nx=1; mkdir d; cd d\n~\n~bash\necho $x ${PWD##*/}\n~\n~text\n1 d\n~\n", ""},
		{"a command that fails", "~bash\necho a\nls /nowhere\necho b\n~\n", "the block at line 2: the shell has ended; it printed\na\nls: "},
		{"its name", "~bash\nfalse\n~\n", "this command failed: false"},
		{"in a pipeline", "~bash\nfalse | true\n~\n", "the shell has ended"},
		{"a variable that is not set", "~bash\necho $nothing\n~\n", "nothing: unbound"},
		{"a failure that is expected", "~bash\nfalse || echo $?\n~\n~text\n1\n~\n", ""},
		{"exit", "~bash\nexit 0\n~\n", "the shell has ended"},
		{"input", "~bash\ncat\n~\n~bash\necho a\n~\n~text\na\n~\n", ""},
		{"a file", "~yaml file=a.yaml\na: 1\n~\n~bash\ncat a.yaml\n~\n~text\na: 1\n~\n", ""},
		{"no fence of ours", "~sh\nls /nowhere\n~\n", ""},
		{"unknown option", "~bash redy=up\ntrue\n~\n", "nothing is known about redy"},
		{"option of another language", "~yaml ready=up\na: 1\n~\n", "nothing is known about ready behind yaml"},

		{"server", server + "~bash\ntrue\n~\n", ""},
		{"its output", server + "~text\nup\ndown\n~\n", ""},
		{"its other output", server + "~text\nup\nup\n~\n", "line 5 shows"},
		{"as a job", server + "~bash\nkill -TERM %1; wait %1\n~\n", ""},
		{"a server that is killed", server + "~bash\nkill -KILL %1\n~\n", ""},
		{"for readers", "~bash ready=up\n./up.sh &\n~\n", "ended with exit code 127"},
		{"a server that says nothing", "~bash ready=up\nsleep 60\n~\n", `it has not said "up" after`},
		{"half a line", "~bash ready=up\nprintf up; sleep 60\n~\n", `it has not said "up" after`},
		{"a server that fails", "~bash ready=up\necho no >&2; exit 3\n~\n", "it ended with exit code 3 and never said \"up\"; it printed\nno\n"},
		{"a server that ends badly", "~bash ready=up\ntrap 'exit 3' TERM; echo up; sleep 60 & wait\n~\n", "ended with exit code 3"},
		{"a server in the foreground", "~bash\nsleep 2\n~\n", "not done after"},
		{"a server in the background", "~bash\nsleep 60 &\n~\n", "needs a block of its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			patience := 30 * time.Second
			if strings.Contains(test.want, "after") {
				patience = 300 * time.Millisecond
			}
			for _, isolated := range []bool{true, false} {
				if isolated && isolation() != nil {
					continue
				}
				d := documents.Document{Path: "a.md", Text: strings.ReplaceAll(test.text, "~", "```")}
				err := play(d, place{dir: t.TempDir(), env: os.Environ(), isolated: isolated, patience: patience})
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("isolated %v: error %v, want %q", isolated, err, test.want)
				}
			}
		})
	}
}

// TestIsolation: a document has all ports for itself, and nothing that it starts
// outlives it.
func TestIsolation(t *testing.T) {
	needs(t, "bash", "python3", "flock", "setsid")
	if err := isolation(); err != nil {
		t.Skip(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	text := fmt.Sprintf("```bash\npython3 -c \"import socket; print(socket.create_server(('localhost', %d)))\"\nsetsid --fork flock file sleep 300\n"+
		"until ! flock -n file true; do :; done\n```\n", taken.Addr().(*net.TCPAddr).Port)
	if err := play(documents.Document{Path: "a.md", Text: text}, place{dir: dir, env: os.Environ(), isolated: true, patience: patience}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("flock", "-n", filepath.Join(dir, "file"), "true").CombinedOutput(); err != nil {
		t.Errorf("a program of the document still runs: %v %s", err, out)
	}
}
