package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/voilet/QuicFlow/internal/keyfiles"
	"github.com/voilet/QuicFlow/internal/link"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// certificate is what a client shows, and how it gets it.
type certificate struct {
	shown atomic.Pointer[quicnet.ClientAuth] // another after the client was enrolled
	load  func(with bool) (*quicnet.ClientAuth, error)

	files  keyfiles.Pair
	renews bool

	// Owned by the runner.
	missing bool      // there is none yet
	loaded  time.Time // when it was, before anything was read again

	mu    sync.Mutex // guards the files, and
	asked time.Time  // when it was last asked for a new one
}

// newCertificate loads what c names. With an EnrollToken the certificate need not be there.
func newCertificate(c *ClientConfig) (*certificate, error) {
	cert := &certificate{
		files:  keyfiles.Pair{Cert: c.TLSCertFile, Key: c.TLSKeyFile},
		renews: c.RenewCertificate || c.EnrollToken != "",
		load: func(with bool) (*quicnet.ClientAuth, error) {
			files := quicnet.ClientFiles{CA: c.TLSCAFile, ServerName: c.ServerName, Insecure: c.InsecureSkipVerify}
			if c.Socket != nil {
				files.Socket = c.Socket.socket
			}
			if with {
				files.Cert, files.Key = c.TLSCertFile, c.TLSKeyFile
			}
			return quicnet.LoadClientAuth(files)
		},
	}
	if cert.renews {
		there, err := cert.files.Complete()
		if err != nil {
			return nil, err
		}
		cert.missing = !there && c.EnrollToken != ""
	}
	auth, err := cert.load(!cert.missing)
	cert.shown.Store(auth)
	cert.loaded = time.Now()
	return cert, err
}

// fresh is how long files need not be read again that were just loaded.
const fresh = time.Second

// reread reads the files again, unless this is the first attempt right after they were.
func (c *Client) reread() {
	if time.Since(c.cert.loaded) >= fresh {
		c.link.RereadCertificate()
	}
}

// Watch, Reread and Expires are those of what is shown at the moment.
func (c *certificate) Watch(ctx context.Context, reloaded func(error)) {
	c.shown.Load().Watch(ctx, reloaded)
}

// Reread is as Watch.
func (c *certificate) Reread() (changed bool, err error) { return c.shown.Load().Reread() }

// Expires is as Watch.
func (c *certificate) Expires() time.Time { return c.shown.Load().Expires() }

// install keeps what the hub has sent.
func (c *certificate) install(answer *protocol.Enrolled) error {
	if code := qerrors.Code(answer.Code); code != qerrors.OK {
		return &qerrors.Error{Code: code, Message: answer.Reason, Remote: true}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files.Install(answer.Certificates)
}

// enroll gets the first certificate, over a connection of its own.
func (r *runner) enroll(ctx context.Context) error {
	c := r.c
	request, err := c.cert.files.Request()
	if err != nil {
		return err
	}
	conn, err := r.socket.Dial(ctx, r.addrs[0], c.cert.shown.Load(), c.config.limits())
	if err != nil {
		c.link.CountNetworkError(err)
		return err
	}
	l := link.New(conn, c.link)
	answer, err := l.Enroll(ctx, &protocol.Enroll{ClientId: c.config.ClientID, Token: c.config.EnrollToken, Request: request})
	_ = l.Run() // only tidies up
	if err == nil {
		err = c.cert.install(answer)
	}
	if err != nil {
		return err
	}
	auth, err := c.cert.load(true)
	if err != nil {
		return err
	}
	c.cert.shown.Store(auth)
	c.cert.missing = false
	c.link.Log.Info("the hub has given this client a certificate", "client_id", c.config.ClientID,
		"file", c.cert.files.Cert, "expires", auth.Expires().UTC().Format(time.RFC3339))
	return nil
}

// renewEvery is the time between two requests for a new certificate.
const renewEvery = time.Minute

// renewCertificate asks for a new certificate when two thirds of the time of the present
// one are over.
func (c *Client) renewCertificate(l *link.Link) {
	if !c.cert.renews {
		return
	}
	begins, ends := c.cert.shown.Load().Validity()
	now := time.Now()
	if ends.IsZero() || now.Before(ends.Add(-ends.Sub(begins)/3)) {
		return
	}
	c.cert.mu.Lock()
	defer c.cert.mu.Unlock()
	if now.Sub(c.cert.asked) < renewEvery {
		return
	}
	c.cert.asked = now
	request, err := c.cert.files.Request()
	if err != nil {
		c.link.Log.Error("the certificate cannot be renewed", "client_id", c.config.ClientID, "code", qerrors.CodeOf(err), "error", err)
		return
	}
	l.Tell(&protocol.Frame{Kind: &protocol.Frame_Enroll{Enroll: &protocol.Enroll{ClientId: c.config.ClientID, Request: request}}})
}

// renewed acts on the hub's answer.
func (c *Client) renewed(answer *protocol.Enrolled) {
	if !c.cert.renews {
		return
	}
	if err := c.cert.install(answer); err != nil {
		c.link.Log.Error("the certificate was not renewed", "client_id", c.config.ClientID, "code", qerrors.CodeOf(err), "error", err)
		return
	}
	c.link.RereadCertificate()
	c.link.Log.Info("the certificate was renewed", "client_id", c.config.ClientID,
		"file", c.cert.files.Cert, "expires", c.cert.Expires().UTC().Format(time.RFC3339))
}
