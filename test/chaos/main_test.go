// Package chaos holds the backbone to what it promises while the network, a hub or a
// client does the worst: each cell of a matrix has one bad network with messages in both
// directions at once, whose history is compared with a model.
//
//	go test ./test/chaos                 a part of it
//	go test ./test/chaos -full           all, and writes the tables of docs/network-reliability.md
//	go test ./test/chaos -full -seed 7   with other packets lost than usual
//
// Most cells run in virtual time. Those of processes run real programs with a
// [testnet.Proxy] between them.
package chaos

import (
	"flag"
	"os"
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

var (
	full = flag.Bool("full", false, "run all cells, and write the tables of docs/network-reliability.md")
	seed = flag.Uint64("seed", 1, "the first of the `seeds` of what happens to packets")
)

func TestMain(m *testing.M) {
	if job := os.Getenv(jobEnv); job != "" {
		os.Exit(work(job))
	}
	leaktest.Main(m)
}
