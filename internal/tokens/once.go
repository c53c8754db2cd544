package tokens

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/voilet/QuicFlow/internal/atomicfile"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// A folder of tokens that are good once has a file for each, ID.yaml, and two more when it
// was used: ID.used says by whom, ID.answer what it was used for. Both are made by the file
// system in a step of which only one can be the first, so that it holds for several hubs
// too, and across restarts.
const (
	unused = ".yaml"
	used   = ".used"
	answer = ".answer"
)

// AddOnce makes a token for a client in a folder, which is made if need be, and takes
// those out of it that have expired.
func AddOnce(dir, clientID string, expires time.Time) (secret string, err error) {
	token, secret, err := New(Enrollment, clientID, "", expires)
	if err != nil {
		return "", err
	}
	text, err := yaml.Dump(token)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = errors.Join(prune(dir), atomicfile.WriteFor(dir, filepath.Join(dir, token.ID+unused), text, 0o600))
	}
	if err != nil {
		return "", qerrors.New(qerrors.InvalidConfig, "the token cannot be kept: use a folder that you may write to: %w", err)
	}
	return secret, nil
}

func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), unused)
		if !ok {
			continue
		}
		if token, err := readOnce(dir, id); err == nil && token.Expired(time.Now()) {
			_ = os.Remove(filepath.Join(dir, id+unused)) // first: what is used is never unused again
			_ = os.Remove(filepath.Join(dir, id+used))
			_ = os.Remove(filepath.Join(dir, id+answer))
		}
	}
	return nil
}

func readOnce(dir, id string) (token Token, err error) {
	text, err := os.ReadFile(filepath.Join(dir, id+unused))
	if err == nil {
		err = yaml.Load(text, &token)
	}
	if err == nil {
		err = token.check()
	}
	return token, err
}

// Redeem uses a token up. It is good again only for the same holder, who may not have got
// the answer. The error has the code Unauthenticated, CredentialExpired or CredentialUsed,
// or Internal if the folder cannot be used.
func Redeem(dir, secret, clientID string, holder []byte) error {
	id, ok := ID(Enrollment, secret)
	if !ok {
		return qerrors.New(qerrors.Unauthenticated, "that is no enrolment token: make one with quic-ctl enroll-token")
	}
	token, err := readOnce(dir, id)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !token.Matches(secret):
		return qerrors.New(qerrors.Unauthenticated, "the hub does not know the enrolment token: make one with quic-ctl enroll-token")
	case err != nil:
		return err
	case token.Expired(time.Now()):
		return qerrors.New(qerrors.CredentialExpired, "the enrolment token %s has expired: make another with quic-ctl enroll-token", id)
	case !token.For(clientID):
		return qerrors.New(qerrors.Unauthenticated, "the enrolment token %s is for another client id", id)
	}
	return use(filepath.Join(dir, id+used), id, holder)
}

func use(path, id string, holder []byte) error {
	sum := sha256.Sum256(holder)
	mark := hex.EncodeToString(sum[:])
	err := create(path, []byte(mark))
	if errors.Is(err, fs.ErrExist) {
		before, err := os.ReadFile(path)
		if err == nil && string(before) == mark {
			return nil
		}
		return qerrors.New(qerrors.CredentialUsed,
			"the enrolment token %s was used before: if not by this client, somebody has stolen it, so revoke the certificate of this client id; make another with quic-ctl enroll-token", id)
	}
	return err
}

// Answer returns what a token was used for that was redeemed: what make returns, of which
// the first is kept for those who ask again. Otherwise one token would be good for as many
// certificates as its holder asks for.
func Answer(dir, secret string, make func() ([]byte, error)) ([]byte, error) {
	id, ok := ID(Enrollment, secret)
	if !ok {
		return nil, qerrors.New(qerrors.Unauthenticated, "that is no enrolment token: make one with quic-ctl enroll-token")
	}
	path := filepath.Join(dir, id+answer)
	if before, err := os.ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		return before, err
	}
	made, err := make()
	if err == nil {
		err = create(path, made)
	}
	if errors.Is(err, fs.ErrExist) { // somebody was quicker
		return os.ReadFile(path)
	}
	return made, err
}

// create makes a file that is not there. File systems without links, such as FAT, can show
// a part of it.
func create(path string, data []byte) error {
	err := atomicfile.Create(path, data, 0o600)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close(), atomicfile.SyncDir(filepath.Dir(path)))
}
