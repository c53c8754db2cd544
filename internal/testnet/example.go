package testnet

import (
	"os"

	"github.com/voilet/QuicFlow/internal/certs"
)

// Certificates makes a folder with certificates, named as scripts/gen-certs.sh names
// them, for an example, which has no test to make them for. It panics when it cannot.
func Certificates() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "quic-certs-")
	if err == nil {
		_, err = certs.Create(certs.Options{Dir: dir})
	}
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}
