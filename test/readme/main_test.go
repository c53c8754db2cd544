// Package readme holds the documents to what they say: Go code in them compiles, links
// lead somewhere, and commands exist that no test can run; package guides runs the
// others. So do the fragments in testdata, which users of the library were promised.
package readme

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
	"github.com/voilet/QuicFlow/internal/leaktest"

	// What the documents are checked against is asked of the go command; through
	// these imports "go test" knows that the result depends on it.
	_ "github.com/voilet/QuicFlow/internal/program"
	_ "github.com/voilet/QuicFlow/pkg/transport/client"
	_ "github.com/voilet/QuicFlow/pkg/transport/server"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const root = "../.."

// block is a fenced block of a document.
type block struct {
	file string
	documents.Block
}

// read returns all documents.
func read(t *testing.T) []documents.Document {
	t.Helper()
	all, err := documents.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// blocks returns the blocks of all documents in one language.
func blocks(t *testing.T, language string) []block {
	t.Helper()
	var found []block
	for _, d := range read(t) {
		all, err := d.Blocks()
		if err != nil {
			t.Error(err)
		}
		for _, b := range all {
			if b.Language == language {
				found = append(found, block{d.Path, b})
			}
		}
	}
	return found
}
