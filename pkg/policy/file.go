package policy

import (
	"context"
	"errors"

	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// File is a policy that follows its file. It is a server.Authorizer. All methods may
// be called from any goroutine.
type File struct {
	policy *reload.Value[*Policy]
}

// Open reads the file, which has to be a policy. The error has the code InvalidConfig.
func Open(path string) (*File, error) {
	if path == "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "the policy has no file: name one")
	}
	v, err := reload.Load(func(contents [][]byte) (*Policy, error) { return Parse(path, contents[0]) }, path)
	if err != nil {
		return nil, unusable(err)
	}
	return &File{v}, nil
}

// Permissions returns what a client may do, which changes with the file.
func (f *File) Permissions(clientID string) session.Permissions {
	return &permissions{clientID: clientID, policy: f.policy.Get}
}

// Watch keeps the policy up to date until ctx ends. It calls reloaded after each change of
// the file; with an error, once, if that is no policy, and the one of before stays.
func (f *File) Watch(ctx context.Context, reloaded func(error)) {
	f.policy.Watch(ctx, func(err error) { reloaded(unusable(err)) })
}

// Reread looks at the file at once, and reports whether the policy is another one now.
func (f *File) Reread() (changed bool, err error) {
	changed, err = f.policy.Reread()
	return changed, unusable(err)
}

func unusable(err error) error {
	var known *qerrors.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return qerrors.New(qerrors.InvalidConfig, "cannot read the policy: name another file, or write this one; quic-ctl policy check FILE checks it: %w", err)
}
