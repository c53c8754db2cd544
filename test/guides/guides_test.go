package guides

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

// TestGuides does what each document says.
func TestGuides(t *testing.T) {
	needs(t, "bash", "git", "make", "curl", "jq", "openssl", "python3")
	var onMachine sync.Mutex // without networks of their own, one after another
	for _, d := range read(t) {
		if count(blocks(t, d), "bash") == 0 {
			continue
		}
		t.Run(d.Path, func(t *testing.T) {
			t.Parallel()
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

// least has the guides, and how many blocks of commands each has at least that are run.
// Those of a translation are as many.
var least = map[string]int{
	"README.md": 0,
}

var _ = slices.Sorted[string]
