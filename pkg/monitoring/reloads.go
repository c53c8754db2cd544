package monitoring

import (
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// File is a kind of file that is read again when it changes.
type File int

// The kinds of files.
const (
	CertificateFile    File = iota // the certificate, its key, and whom to trust
	PolicyFile                     // what clients may send and receive
	ClientTrustFile                // the CAs of clients, revocation lists, and who is denied
	TokensFile                     // tokens of clients
	JWTKeysFile                    // the keys that sign JWTs of clients
	EnrollCAFile                   // the CA that signs certificates of clients, with its key
	APITokensFile                  // tokens of callers over HTTP
	APICertificateFile             // the certificate that these see, and its key
	numFiles
)

// String returns the name, which is the metrics' label.
func (f File) String() string {
	return [numFiles]string{"certificate", "policy", "client_trust", "tokens", "jwt_keys", "enroll_ca", "api_tokens", "api_certificate"}[f]
}

// Reloads counts what became of changes, for each kind of file.
type Reloads struct {
	files [numFiles]struct {
		succeeded, failed atomic.Uint64
		unusable          atomic.Bool
	}
}

// Add counts one change, after which the files are in use, or cannot be used because
// of err.
func (r *Reloads) Add(f File, err error) {
	r.files[f].unusable.Store(err != nil)
	if err != nil {
		r.files[f].failed.Add(1)
	} else {
		r.files[f].succeeded.Add(1)
	}
}

// Report adds what a look at the files has found, and logs it: that they have changed, or
// that they cannot be used because of err, or neither.
func (r *Reloads) Report(log *slog.Logger, f File, changed bool, err error) {
	switch {
	case err != nil:
		r.Add(f, err)
		log.Error("a file stays as it was: what is in it now cannot be used", "file", f.String(), "code", qerrors.CodeOf(err), "error", err)
	case changed:
		r.Add(f, nil)
		log.Info("read again", "file", f.String())
	default:
		r.Usable(f)
	}
}

// Usable notes that the files are as they were when they could be used.
func (r *Reloads) Usable(f File) { r.files[f].unusable.Store(false) }

// Reload is what became of the changes of one kind of file.
type Reload struct {
	Succeeded, Failed uint64
	Unusable          bool // as they are now, so that what they had before is used
}

func (r *Reloads) snapshot() map[File]Reload {
	all := make(map[File]Reload)
	for f := range r.files {
		one := Reload{r.files[f].succeeded.Load(), r.files[f].failed.Load(), r.files[f].unusable.Load()}
		if one != (Reload{}) {
			all[File(f)] = one
		}
	}
	return all
}

func reloadMetrics() []metric {
	each := func(value func(Reload, emit, string)) func(*Snapshot, emit) {
		return func(s *Snapshot, emit emit) {
			for f := range numFiles {
				value(s.Reloads[f], emit, f.String())
			}
		}
	}
	return []metric{
		{"reloads_total", "Changes of files that are read again while the program runs, by what is in them and what became of it.",
			prometheus.CounterValue, []string{"file", "result"}, each(func(r Reload, emit emit, file string) {
				emit(float64(r.Succeeded), file, "success")
				emit(float64(r.Failed), file, "failure")
			})},
		{"last_reload_successful", "1, or 0 while a file is as it cannot be used: then what it had before is used.",
			prometheus.GaugeValue, []string{"file"}, each(func(r Reload, emit emit, file string) {
				if r.Unusable {
					emit(0, file)
				} else {
					emit(1, file)
				}
			})},
	}
}
