package atomicfile

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// Edit replaces the content of the file at path by what change makes of it, in one step;
// an error of change leaves it as it is. Others who edit it wait. A file that is not there
// has no content, and is made with mode 0600; one that is keeps its mode, and whom it
// belongs to: who reads it may be a user of its own.
func Edit(path string, change func(before []byte) (after []byte, err error)) (err error) {
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return qerrors.New(qerrors.InvalidConfig, "the file cannot be locked: use one in a folder that you may write to: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return qerrors.New(qerrors.InvalidConfig, "the file cannot be read: %w", err)
	}
	after, err := change(before)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return Replace(path, after, mode)
}
