package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/policy"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// TestMistakes: each is an error that has its line and says what to do.
func TestMistakes(t *testing.T) {
	const rest = "\n    receive: [command]\n"
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "p.yaml:1: the file is empty"},
		{"a comment", "# later\n", "p.yaml:1: the file is empty"},
		{"no rules", "rules: []\n", "p.yaml:1: the policy has no rules"},
		{"no YAML", "rules: [\n", "not valid YAML"},
		{"a list", "- rules\n", "p.yaml:1: the policy is not a mapping: it has groups, rules"},
		{"an unknown key", "rules:\n  - clients: [a]" + rest + "rule: x\n", `p.yaml:4: unknown key "rule": the policy has groups, rules`},
		{"a key twice", "rules:\n  - clients: [a]" + rest + "rules: []\n", "p.yaml:4: rules is there a second time, first on line 1"},
		{"an unknown key of a rule", "rules:\n  - client: [a]\n", `p.yaml:2: unknown key "client": a rule has clients, groups, name, receive, send`},
		{"a rule for nobody", "rules:\n  - receive: [command]\n", "p.yaml:2: the rule is for nobody"},
		{"a text for a list", "rules:\n  - clients: a\n", "p.yaml:2: this is not a list"},
		{"an empty id", "rules:\n  - clients: [a, '']\n", "p.yaml:2: this is not a text"},
		{"no id", "rules:\n  - clients:\n      - a\n      -\n", "p.yaml:4: this is not a text"},
		{"an unknown type", "rules:\n  - clients: [a]\n    receive: [commands]\n", `p.yaml:3: no type of message is called "commands": use command, event, query, response, or *`},
		{"a pattern for no type", "rules:\n  - clients: [a]\n    receive: [x*]\n", `p.yaml:3: no type of message is called "x*"`},
		{"an unknown group", "rules:\n  - groups: [g]" + rest, "p.yaml:2: the rule names the group g, which is not among groups"},
		{"a group for no rule", "groups:\n  g: [b]\nrules:\n  - clients: [a]" + rest, "p.yaml:2: no rule names the group g"},
		{"a group twice", "groups:\n  g: [b]\n  g: [c]\n", "p.yaml:3: the group g is there a second time, first on line 2"},
		{"a send without types", "rules:\n  - clients: [a]\n    send:\n      - rate: 1\n", "p.yaml:4: an entry of send has no types"},
		{"an unknown limit", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        max: 1\n", `p.yaml:5: unknown key "max"`},
		{"a size", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        max-payload: 1.5MiB\n", "p.yaml:5: max-payload takes a size"},
		{"a rate of nothing", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        rate: 0\n", "p.yaml:5: rate takes a number"},
		{"a rate that is none", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        rate: .nan\n", "p.yaml:5: rate takes a number"},
		{"a burst without a rate", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        burst: 2\n", "p.yaml:4: a burst is of a rate"},
		{"a burst of nothing", "rules:\n  - clients: [a]\n    send:\n      - types: [event]\n        rate: 2\n        burst: 0\n", "p.yaml:6: burst takes a number"},
		{"two documents", "rules:\n  - clients: [a]" + rest + "---\nrules: []\n", "a second document"},
		{"a link", "rules:\n  - &r\n    clients: [a]" + rest + "  - *r\n", "p.yaml:5: a rule is not a mapping"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := policy.Parse("p.yaml", []byte(test.text))
			if !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"", filepath.Join(dir, "nosuch"), dir} {
		if _, err := policy.Open(path); !errors.Is(err, qerrors.ErrInvalidConfig) {
			t.Errorf("opening %q: %v", path, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example, "sensor-7")
	f.Add([]byte("rules:\n  - clients: ['*']\n    send: [{types: ['*'], rate: 1e-3}]\n"), "")
	f.Add([]byte("groups: {g: [a*b]}\nrules: [{groups: [g], receive: [e*]}]"), "ab")
	f.Add([]byte("a: &a [*a]\nrules: *a"), "a")
	f.Fuzz(func(t *testing.T, data []byte, id string) {
		p, err := policy.Parse("p.yaml", data)
		if err != nil {
			if !errors.Is(err, qerrors.ErrInvalidConfig) || !strings.Contains(err.Error(), "p.yaml:") {
				t.Fatalf("the error has no line: %v", err)
			}
			return
		}
		// What is explained is what is done.
		may := policy.Fixed(p).Permissions(id)
		_, decisions := p.Explain(id, types()...)
		for _, d := range decisions {
			_, sent := may.MaySend(&protocol.DataMessage{Type: d.Type})
			if received := may.MayReceive(d.Type); (sent == nil) != d.Send.Allowed || (received == nil) != d.Receive.Allowed {
				t.Errorf("%v: explained as %+v, and done as %v, %v", d.Type, d, sent, received)
			}
		}
	})
}

func types() (all []protocol.MessageType) {
	for t := protocol.MessageType_MESSAGE_TYPE_COMMAND; t <= protocol.MessageType_MESSAGE_TYPE_RESPONSE; t++ {
		all = append(all, t)
	}
	return all
}
