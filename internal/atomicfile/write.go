// Package atomicfile writes files of which nobody ever sees a half.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Write writes a file in one step: there is what was before or all of data, also if the
// machine loses its power.
func Write(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, "", os.Rename)
}

// WriteFor is Write, for somebody else: the file belongs to who has the file or folder
// like, if this process may give it away.
func WriteFor(like, path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, like, os.Rename)
}

// Replace is Write for a file that may belong to somebody else, who keeps it; a new one
// belongs to who has its folder.
func Replace(path string, data []byte, mode fs.FileMode) error {
	like := path
	if _, err := os.Stat(path); err != nil {
		like = filepath.Dir(path)
	}
	return WriteFor(like, path, data, mode)
}

// Create is Write for a file that nobody has made before: otherwise the error is
// [fs.ErrExist], and the file stays as it is. Of all who try at once, one succeeds.
func Create(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, "", func(temporary, path string) error {
		err := os.Link(temporary, path)
		if err == nil {
			_ = os.Remove(temporary)
		}
		return err
	})
}

// write makes a temporary file, and puts it into its place by place.
func write(path string, data []byte, mode fs.FileMode, like string, place func(temporary, path string) error) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	if like != "" {
		giveTo(temporary, like)
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err == nil {
		err = place(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes what was renamed or made in a folder outlive a loss of power, where folders
// can be told to.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
