package link

import (
	"context"
	"time"

	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// Certificate is what a side shows to its peers, and whom it trusts.
type Certificate interface {
	reload.Files
	// Expires returns when the certificate does, and zero if there is none.
	Expires() time.Time
}

func (c *Config) certificateExpires() time.Time {
	if c.Certificate == nil {
		return time.Time{}
	}
	return c.Certificate.Expires()
}

// warnBefore is how long before a certificate expires the daily warnings of that
// begin: long enough for a renewal by hand, in the holidays.
const warnBefore = 30 * 24 * time.Hour

// KeepCertificate keeps the certificate up to date until ctx ends, and warns once a day
// when it is about to expire.
func (c *Config) KeepCertificate(ctx context.Context) {
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		c.Certificate.Watch(ctx, func(err error) { c.certificateReloaded(true, err) })
	}()
	defer func() { <-watched }()
	c.warnOfExpiry()
	days := time.NewTicker(24 * time.Hour)
	defer days.Stop()
	for {
		select {
		case <-days.C:
			c.warnOfExpiry()
		case <-ctx.Done():
			return
		}
	}
}

// RereadCertificate looks at the files of the certificate at once.
func (c *Config) RereadCertificate() { c.certificateReloaded(c.Certificate.Reread()) }

func (c *Config) certificateReloaded(changed bool, err error) {
	switch {
	case err != nil:
		c.Metrics.Reloads.Add(monitoring.CertificateFile, err)
		c.Log.Error("the certificate stays as it was: its files cannot be used", "code", qerrors.CodeOf(err), "error", err)
	case changed:
		c.Metrics.Reloads.Add(monitoring.CertificateFile, nil)
		if at := c.certificateExpires(); at.IsZero() {
			c.Log.Info("certificates read again")
		} else {
			c.Log.Info("certificates read again", "expires", at.UTC().Format(time.RFC3339))
		}
		c.warnOfExpiry()
	default:
		c.Metrics.Reloads.Usable(monitoring.CertificateFile)
	}
}

func (c *Config) warnOfExpiry() {
	at := c.certificateExpires()
	left := time.Until(at)
	switch {
	case at.IsZero() || left > warnBefore:
	case left > 0:
		c.Log.Warn("the certificate is about to expire: renew it, its files are read again by themselves",
			"expires", at.UTC().Format(time.RFC3339))
	default:
		c.Log.Error("the certificate has expired, and nobody accepts it any more: renew it, its files are read again by themselves",
			"expires", at.UTC().Format(time.RFC3339))
	}
}
