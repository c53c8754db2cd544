// Package guides does what the documents say: it runs the commands of each in a clean
// checkout, in their order, and compares what they print with what is shown. Package
// documents says how they are marked.
package guides

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/voilet/QuicFlow/internal/documents"

	// What the documents are about is built by a command; through these imports "go
	// test" knows that the result depends on it.
	_ "github.com/voilet/QuicFlow/internal/apiclient"
	_ "github.com/voilet/QuicFlow/internal/program"
	_ "github.com/voilet/QuicFlow/pkg/transport/client"
	_ "github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) {
	if os.Getenv(insideEnv) != "" {
		fmt.Fprintln(os.Stderr, becomeShell()) // it returns only when it fails
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(built.dir)
		os.Exit(code)
	}))
}

const root = "../.."

func read(t *testing.T) []documents.Document {
	t.Helper()
	all, err := documents.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// blocks returns the blocks of d, which have to be as package documents wants them.
func blocks(t *testing.T, d documents.Document) []documents.Block {
	t.Helper()
	all, err := d.Blocks()
	if err != nil {
		t.Error(err)
	}
	return all
}

// needs skips a test where the programs that documents use do not exist. In continuous
// integration it fails.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			unable(t, err)
		}
	}
}

func unable(t *testing.T, reason any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
