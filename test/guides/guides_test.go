package guides

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

// TestGuides does what each document says.
func TestGuides(t *testing.T) {
	needs(t, "bash", "git", "make")
	var onMachine sync.Mutex // without networks of their own, one after another
	for _, d := range read(t) {
		if count(blocks(t, d), "bash") == 0 {
			continue
		}
		t.Run(d.Path, func(t *testing.T) {
			t.Parallel()
			needs(t, programs(blocks(t, d))...)
			if err := build(); err != nil {
				t.Fatal(err)
			}
			p := place{dir: checkout(t, strings.Contains(d.Text, "\ngit clone ")), env: environment(t), isolated: isolation() == nil, patience: patience}
			if !p.isolated {
				onMachine.Lock()
				defer onMachine.Unlock()
				portsAreFree(t)
			}
			if err := play(d, p); err != nil {
				t.Error(err)
			}
		})
	}
}

// programs returns which of the programs of other people the commands of a document use.
func programs(blocks []documents.Block) (found []string) {
	for _, program := range []string{"curl", "jq", "openssl", "prometheus", "promtool", "python3"} {
		word := regexp.MustCompile(`(?m)(^|[|(;]) *` + program + ` `)
		if slices.ContainsFunc(blocks, func(b documents.Block) bool { return b.Language == "bash" && word.MatchString(b.Text) }) {
			found = append(found, program)
		}
	}
	return found
}

func count(blocks []documents.Block, language string) (n int) {
	for _, b := range blocks {
		if b.Language == language {
			n++
		}
	}
	return n
}

// portsAreFree skips a test where documents share the network of the machine, if it uses
// one of their ports.
func portsAreFree(t *testing.T) {
	t.Helper()
	for _, port := range []string{"8474", "8475", "9090", "9091", "9095", "8000"} {
		tcp, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			unable(t, err)
		}
		udp, err := net.ListenPacket("udp", ":"+port)
		if err != nil {
			unable(t, err)
		}
		_, _ = tcp.Close(), udp.Close()
	}
}
