package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/certs"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

var modes = map[string]fs.FileMode{
	"ca.crt": 0o644, "ca.key": 0o600,
	"server.crt": 0o644, "server.key": 0o600,
	"client.crt": 0o644, "client.key": 0o600,
}

func TestCreateWritesAWorkingSet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "certs")
	result, err := certs.Create(certs.Options{Dir: dir, Hosts: []string{"hub.example.com"}, ClientID: "truck-7"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fs.FileMode{}
	for _, path := range result.Files {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		got[info.Name()] = info.Mode().Perm()
	}
	if diff := cmp.Diff(modes, got); diff != "" {
		t.Errorf("files and modes (-want +got):\n%s", diff)
	}
	if names := slices.Sorted(maps.Keys(contents(t, dir))); len(names) != len(modes) {
		t.Errorf("the folder holds %q", names)
	}

	server, client := load(t, dir, "server"), load(t, dir, "client")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(contents(t, dir)["ca.crt"]))
	peer, err := handshake(t,
		&tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots},
		&tls.Config{Certificates: []tls.Certificate{client}, RootCAs: roots, ServerName: "hub.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if peer.Subject.CommonName != "truck-7" {
		t.Errorf("the client's certificate is for %q", peer.Subject)
	}
	if result.NotAfter.Before(server.Leaf.NotAfter) || result.NotAfter.After(server.Leaf.NotAfter.Add(time.Hour)) {
		t.Errorf("the result says %v, the certificate ends at %v", result.NotAfter, server.Leaf.NotAfter)
	}
}

func TestCreateOverwritesOnlyWhenTold(t *testing.T) {
	for _, present := range slices.Sorted(maps.Keys(modes)) {
		t.Run(present, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, present)
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := certs.Create(certs.Options{Dir: dir})
			if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "-force") {
				t.Errorf("got %v, want an error that names the file and the flag", err)
			}
			if diff := cmp.Diff(map[string]string{present: "precious"}, contents(t, dir)); diff != "" {
				t.Errorf("the folder changed (-want +got):\n%s", diff)
			}
			if _, err := certs.Create(certs.Options{Dir: dir, Force: true}); err != nil {
				t.Fatal(err)
			}
			load(t, dir, "server")
			load(t, dir, "ca")
		})
	}
}

func TestCreateKeepsTheCA(t *testing.T) {
	dir := t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if _, err := certs.Create(certs.Options{Dir: dir, KeepCA: true}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("without force: %v, want an error", err)
	}
	result, err := certs.Create(certs.Options{Dir: dir, KeepCA: true, Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Files) != 3 || result.KeptKey != filepath.Join(dir, "server.key") {
		t.Errorf("the result names %q, want the three files that were written, and the key that was kept: %q", result.Files, result.KeptKey)
	}
	after := contents(t, dir)
	for name := range modes {
		if kept := before[name] == after[name]; kept != (strings.HasPrefix(name, "ca.") || name == "server.key") {
			t.Errorf("%s was kept: %v", name, kept)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(before["ca.crt"]))
	if _, err := load(t, dir, "server").Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"}); err != nil {
		t.Errorf("the kept authority does not vouch for the new certificate: %v", err)
	}
}

// TestRenew: what is not told to be different stays.
func TestRenew(t *testing.T) {
	for name, test := range map[string]struct {
		change  certs.Options // besides Dir, KeepCA and Force
		prepare func(dir string) error
		hosts   []string
		newKey  bool
		refused string
	}{
		"all stays":     {hosts: []string{"a.example", "192.0.2.7"}},
		"other hosts":   {change: certs.Options{Hosts: []string{"b.example"}}, hosts: []string{"b.example"}},
		"new key":       {change: certs.Options{NewKey: true}, hosts: []string{"a.example", "192.0.2.7"}, newKey: true},
		"no old key":    {prepare: func(dir string) error { return os.Remove(dir + "/server.key") }, hosts: []string{"a.example", "192.0.2.7"}, newKey: true},
		"no old names":  {prepare: func(dir string) error { return os.Remove(dir + "/server.crt") }},
		"no key at all": {prepare: func(dir string) error { return os.WriteFile(dir+"/server.key", []byte("x"), 0o600) }, refused: "-new-key"},
		"no names":      {prepare: func(dir string) error { return os.WriteFile(dir+"/server.crt", []byte("x"), 0o600) }, refused: "-host"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := certs.Create(certs.Options{Dir: dir, Hosts: []string{"a.example", "192.0.2.7"}}); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)["server.key"]
			if test.prepare != nil {
				if err := test.prepare(dir); err != nil {
					t.Fatal(err)
				}
			}
			prepared := contents(t, dir)
			o := test.change
			o.Dir, o.KeepCA, o.Force = dir, true, true
			result, err := certs.Create(o)
			if test.refused != "" {
				if !errors.Is(err, qerrors.ErrBadCertificate) || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("got %v", err)
				}
				if diff := cmp.Diff(prepared, contents(t, dir)); diff != "" {
					t.Error(diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := append([]string{"localhost", "127.0.0.1", "::1"}, test.hosts...); !slices.Equal(result.Hosts, want) {
				t.Errorf("the hosts are %q, want %q", result.Hosts, want)
			}
			server := load(t, dir, "server") // the certificate and the key belong together
			for _, host := range test.hosts {
				if err := server.Leaf.VerifyHostname(host); err != nil {
					t.Error(err)
				}
			}
			if changed := contents(t, dir)["server.key"] != before; changed != test.newKey {
				t.Errorf("another key: %v", changed)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		options certs.Options
		code    qerrors.Code
	}{
		{"host", certs.Options{Hosts: []string{"a b"}}, qerrors.InvalidConfig},
		{"client id", certs.Options{ClientID: "\x00"}, qerrors.InvalidClientID},
		{"validity", certs.Options{Validity: -1}, qerrors.InvalidConfig},
		{"no CA to keep", certs.Options{KeepCA: true, Force: true}, qerrors.BadCertificate},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Dir = filepath.Join(t.TempDir(), "certs")
			if _, err := certs.Create(test.options); qerrors.CodeOf(err) != test.code || err == nil {
				t.Errorf("got %v, want %v", err, test.code)
			}
			if _, err := os.Stat(test.options.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder was made all the same: %v", err)
			}
		})
	}
}

func TestCreateReportsAFolderThatCannotBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.Create(certs.Options{Dir: path}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

func TestCreateLeavesNoTemporaryFilesWhenItFails(t *testing.T) {
	dir := t.TempDir()
	// A folder that is not empty cannot be replaced by a file.
	if err := os.MkdirAll(filepath.Join(dir, "server.key", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.Create(certs.Options{Dir: dir, Force: true}); err == nil {
		t.Fatal("a folder in the place of a file was replaced")
	}
	temporary, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(temporary) > 0 {
		t.Errorf("left behind: %q, %v", temporary, err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(data)
	}
	return all
}

func load(t *testing.T, dir, name string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
