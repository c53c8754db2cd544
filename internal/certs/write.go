package certs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	certMode fs.FileMode = 0o644
	keyMode  fs.FileMode = 0o600
)

type file struct {
	name string
	data []byte
	mode fs.FileMode
}

// writeAll writes files to dir, which it makes if need be, and returns their
// paths. All are written under temporary names first: a full disk leaves what was
// there as it was.
func writeAll(dir string, files []file) (paths []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var staged []string
	defer func() {
		for _, temporary := range staged[len(paths):] {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	for _, f := range files {
		temporary, err := stage(dir, f)
		if err != nil {
			return nil, err
		}
		staged = append(staged, temporary)
	}
	for i, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.Rename(staged[i], path); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// stage writes f to a temporary file in dir, so that it can be renamed into place.
func stage(dir string, f file) (string, error) {
	temporary, err := os.CreateTemp(dir, "."+f.name+"-*")
	if err != nil {
		return "", err
	}
	_, err = temporary.Write(f.data)
	err = errors.Join(err, temporary.Chmod(f.mode), temporary.Sync(), temporary.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(temporary.Name()))
	}
	return temporary.Name(), nil
}
