package main

import (
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/program"
	"github.com/voilet/QuicFlow/pkg/auth"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

func identityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "client-ca", TakesFile: true,
			Usage: "PEM `FILE` with the CAs that sign certificates of clients; clients then have to show one, or a token"},
		&cli.StringFlag{Name: "client-id-from", Value: auth.FromURI, Validator: isPlace,
			Usage: "`PLACE` of the client id in a certificate: uri (quic-backbone:ID), dns or cn"},
		&cli.StringFlag{Name: "crl", TakesFile: true, Usage: "`FILE` with revocation lists of the CAs of -client-ca; read again when it changes"},
		&cli.StringFlag{Name: "denied-serials", TakesFile: true,
			Usage: "`FILE` with serial numbers of certificates that are not taken, or id: and a client id, one a line; read again when it changes"},
		&cli.StringFlag{Name: "client-ca-key", TakesFile: true,
			Usage: "PEM `FILE` with the key of the first CA of -client-ca, with which the hub gives certificates to clients; with -enroll-dir"},
		&cli.StringFlag{Name: "enroll-dir", TakesFile: true,
			Usage: "`FOLDER` in which quic-ctl enroll-token makes tokens that are good for one certificate, and the hub notes which were used"},
		program.Duration("client-cert-validity", auth.DefaultCertificateValidity, "time for which certificates are good that the hub gives"),
		&cli.StringFlag{Name: "token-file", TakesFile: true,
			Usage: "`FILE` with the tokens of clients, which quic-ctl token edits; clients then have to show one, or a certificate"},
		&cli.StringFlag{Name: "jwt-key", TakesFile: true, Usage: "PEM `FILE` with public keys; clients then have to show a JWT signed by one, or another credential"},
		&cli.StringFlag{Name: "jwt-jwks", TakesFile: true, Usage: "JSON Web Key Set `FILE`, like -jwt-key"},
		&cli.StringFlag{Name: "jwt-audience", Value: auth.DefaultAudience, Usage: "`AUDIENCE` that a JWT has to be for, its aud"},
		&cli.StringFlag{Name: "jwt-issuer", DefaultText: "any issuer", Usage: "`ISSUER` that a JWT has to be of, its iss"},
		&cli.StringSliceFlag{Name: "jwt-algorithm", DefaultText: "all that are not symmetric", Usage: "`NAME` of a signature algorithm that counts, such as ES256"},
	}
}

func isPlace(text string) error {
	switch text {
	case auth.FromURI, auth.FromDNS, auth.FromCommonName:
		return nil
	default:
		return errors.New("use uri, dns or cn")
	}
}

// authenticators returns those that the flags ask for, in the order in which a client's
// credentials are looked at.
func authenticators(cmd *cli.Command) (all []server.Authenticator, err error) {
	if cmd.String("client-ca") != "" {
		mtls, err := auth.NewMTLS(auth.MTLSConfig{
			CAFile: cmd.String("client-ca"), CRLFile: cmd.String("crl"), DeniedFile: cmd.String("denied-serials"),
			ClientIDFrom: cmd.String("client-id-from"),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, mtls)
	} else if cmd.String("crl") != "" || cmd.String("denied-serials") != "" {
		return nil, qerrors.New(qerrors.InvalidConfig, "-crl and -denied-serials are about certificates of clients: add -client-ca")
	}
	if file := cmd.String("token-file"); file != "" {
		tokens, err := auth.NewTokens(auth.TokensConfig{File: file})
		if err != nil {
			return nil, err
		}
		all = append(all, tokens)
	}
	if cmd.String("jwt-key") != "" || cmd.String("jwt-jwks") != "" {
		jwt, err := auth.NewJWT(auth.JWTConfig{
			KeyFile: cmd.String("jwt-key"), JWKSFile: cmd.String("jwt-jwks"),
			Audience: cmd.String("jwt-audience"), Issuer: cmd.String("jwt-issuer"),
			Algorithms: cmd.StringSlice("jwt-algorithm"),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, jwt)
	}
	return all, nil
}

// enroller returns one if the flags ask for it.
func enroller(cmd *cli.Command) (server.Enroller, error) {
	if cmd.String("enroll-dir") == "" && cmd.String("client-ca-key") == "" {
		return nil, nil
	}
	return auth.NewEnroller(auth.EnrollerConfig{
		CAFile: cmd.String("client-ca"), CAKeyFile: cmd.String("client-ca-key"), TokenDir: cmd.String("enroll-dir"),
		Validity: cmd.Duration("client-cert-validity"),
	})
}
