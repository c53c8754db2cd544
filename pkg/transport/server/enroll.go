package server

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/voilet/QuicFlow/internal/link"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// Enroller gives clients certificates. Package auth has one. Its errors have codes, and do
// not repeat the token; certificates are in DER, the client's own first, and requests in
// DER as well (PKCS #10).
type Enroller interface {
	// Enroll gives a client its first certificate, for a token that is good once.
	Enroll(ctx context.Context, token, clientID string, request []byte) (certificates [][]byte, err error)
	// Renew gives a client a new certificate in place of the one that it has shown. It has
	// to refuse those that it has not given.
	Renew(ctx context.Context, shown []*x509.Certificate, clientID string, request []byte) (certificates [][]byte, err error)
}

// enroll answers a connection that is there for a certificate alone.
func (s *Server) enroll(ctx context.Context, l *link.Link, r *protocol.Enroll) error {
	if s.config.Enroller == nil {
		err := qerrors.New(qerrors.Unauthenticated, "this hub gives no certificates: -enroll-dir would make it")
		l.Refuse(err)
		return err
	}
	certificates, err := s.config.Enroller.Enroll(ctx, r.Token, r.ClientId, r.Request)
	if err != nil {
		err = s.withoutInternals(r.ClientId, err)
		l.Refuse(err)
		return err
	}
	s.issued(r.ClientId, "enrolled", certificates, l)
	return l.Enrolled(ctx, &protocol.Enrolled{Certificates: certificates})
}

// renew gives a connected client a new certificate. The connection then lives as long as
// that is good.
func (s *Server) renew(l *link.Link, r *protocol.Enroll) {
	ctx, cancel := context.WithTimeout(s.admitting, s.config.HandshakeTimeout)
	defer cancel()
	clientID := l.Session().ClientID()
	certificates, permit, err := s.renewed(ctx, l, clientID, r.Request)
	answer := protocol.Enrolled{Certificates: certificates}
	if err != nil {
		s.link.Metrics.Refused.Add(qerrors.CodeOf(err), 1)
		s.link.Log.Warn("no new certificate", "client_id", clientID, "session_id", l.Session().ID(), "code", qerrors.CodeOf(err), "error", err)
		answer.Code, answer.Reason = uint32(qerrors.CodeOf(err)), qerrors.From(err).Message
	} else {
		l.Give(permit)
		s.issued(clientID, "renewed", certificates, l)
	}
	l.Answer(&protocol.Frame{Kind: &protocol.Frame_Enrolled{Enrolled: &answer}})
}

func (s *Server) renewed(ctx context.Context, l *link.Link, clientID string, request []byte) ([][]byte, *link.Permit, error) {
	before := l.Permit()
	if s.config.Enroller == nil || before == nil || len(before.Certificates) == 0 {
		return nil, nil, qerrors.New(qerrors.Unauthenticated, "this hub renews no certificate of this client")
	}
	if before.Check != nil { // it may have been revoked a moment ago
		if err := before.Check(); err != nil {
			return nil, nil, err
		}
	}
	certificates, err := s.config.Enroller.Renew(ctx, before.Certificates, clientID, request)
	if err != nil {
		return nil, nil, s.withoutInternals(clientID, err)
	}
	chain, err := x509.ParseCertificates(concat(certificates))
	if err != nil {
		return nil, nil, s.withoutInternals(clientID, err)
	}
	permit, err := s.authenticate(ctx, l, clientID, "", chain)
	if err != nil { // nor does the client get it
		return nil, nil, err
	}
	return certificates, permit, nil
}

// issued leaves a line for each certificate: its serial number is what revokes it.
func (s *Server) issued(clientID, reason string, certificates [][]byte, l *link.Link) {
	cert, err := x509.ParseCertificate(certificates[0])
	if err != nil {
		return // the client will say so
	}
	s.link.Log.Info("certificate issued", "client_id", clientID, "reason", reason, "serial", cert.SerialNumber.Text(16),
		"expires", cert.NotAfter.UTC().Format(time.RFC3339), "remote", conn(l).RemoteAddr().String())
}

func concat(pieces [][]byte) (all []byte) {
	for _, piece := range pieces {
		all = append(all, piece...)
	}
	return all
}
