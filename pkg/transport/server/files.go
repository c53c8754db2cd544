package server

import (
	"github.com/voilet/QuicFlow/internal/reload"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// readAgain is files that the server keeps up to date, besides those of its certificate.
type readAgain struct {
	reload.Files
	kind monitoring.File
}

// files returns what is made of files of those that know clients, and what they may do.
func (c *ServerConfig) files() (all []readAgain) {
	if files, ok := c.Authorizer.(reload.Files); ok {
		all = append(all, readAgain{files, monitoring.PolicyFile})
	}
	add := func(made any) {
		if files, ok := made.(interface {
			reload.Files
			Kind() monitoring.File
		}); ok {
			all = append(all, readAgain{files, files.Kind()})
		}
	}
	for _, a := range c.Authenticators {
		add(a)
	}
	add(c.Enroller)
	return all
}

// watchFiles begins to keep the files up to date, until Stop begins.
func (s *Server) watchFiles() {
	s.wg.Go(func() { s.link.KeepCertificate(s.admitting) })
	for _, files := range s.config.files() {
		s.wg.Go(func() {
			files.Watch(s.admitting, func(err error) { s.Reloads().Report(s.link.Log, files.kind, true, err) })
		})
	}
}

// Reread looks at all files that are read again when they change at once, instead of some
// seconds after a change, for who knows that they are complete. It logs what becomes of
// that. Files that cannot be used leave everything as it is.
func (s *Server) Reread() {
	s.link.RereadCertificate()
	for _, files := range s.config.files() {
		changed, err := files.Reread()
		s.Reloads().Report(s.link.Log, files.kind, changed, err)
	}
}
