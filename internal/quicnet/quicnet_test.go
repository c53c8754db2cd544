package quicnet_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/quicnet"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func create(t *testing.T) (dir string) {
	dir = t.TempDir()
	if _, err := certs.Create(certs.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

var limits = quicnet.Limits{HandshakeTimeout: 30 * time.Second, MaxIdleTimeout: 5 * time.Second, MaxIncomingStreams: 16}

// listen serves connections until the test ends.
func listen(t *testing.T, dir string) (addr string) { return serve(t, load(t, dir)) }

func load(t *testing.T, dir string) *quicnet.ServerAuth {
	auth, err := quicnet.LoadServerAuth(dir+"/server.crt", dir+"/server.key")
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

func serve(t *testing.T, auth *quicnet.ServerAuth) (addr string) {
	pc, err := quicnet.ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := quicnet.Listen(pc, auth, limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestDial(t *testing.T) {
	dir, other := create(t), create(t)
	addr := listen(t, dir)
	_, port, _ := net.SplitHostPort(addr)
	nobody, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	ca := quicnet.ClientFiles{CA: dir + "/ca.crt"}
	for _, test := range []struct {
		name, addr string
		files      quicnet.ClientFiles
		want       qerrors.Code
	}{
		{"by address", addr, ca, qerrors.OK},
		{"by name", "localhost:" + port, ca, qerrors.OK},
		{"by a name it does not have", addr, quicnet.ClientFiles{CA: ca.CA, ServerName: "other.example"}, qerrors.BadCertificate},
		{"another authority", addr, quicnet.ClientFiles{CA: other + "/ca.crt"}, qerrors.BadCertificate},
		{"the system's authorities", addr, quicnet.ClientFiles{}, qerrors.BadCertificate},
		{"any authority", addr, quicnet.ClientFiles{Insecure: true}, qerrors.OK},
		{"with a certificate", addr, quicnet.ClientFiles{CA: ca.CA, Cert: dir + "/client.crt", Key: dir + "/client.key"}, qerrors.OK},
		{"nobody there", nobody.LocalAddr().String(), ca, qerrors.Unreachable},
		{"no port", "127.0.0.1", ca, qerrors.BadAddress},
		{"port 0", "127.0.0.1:0", ca, qerrors.BadAddress},
		{"port too high", "127.0.0.1:65536", ca, qerrors.BadAddress},
		{"no host", ":" + port, ca, qerrors.BadAddress},
		{"a host that is not there", "nowhere.invalid:" + port, ca, qerrors.Unreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			auth, err := quicnet.LoadClientAuth(test.files)
			if err != nil {
				t.Fatal(err)
			}
			pc, err := quicnet.ListenUDP("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			socket := quicnet.NewSocket(pc)
			defer socket.Close()
			patience := 30 * time.Second
			if test.addr == nobody.LocalAddr().String() {
				patience = 500 * time.Millisecond // nobody will ever answer
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := socket.Dial(ctx, test.addr, auth, limits); qerrors.CodeOf(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestListenUDP(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]qerrors.Code{
		taken.LocalAddr().String(): qerrors.AddressInUse,
		"8474":                     qerrors.BadAddress,
		"127.0.0.1:http-nonsense":  qerrors.BadAddress,
		"192.0.2.1:0":              qerrors.BadAddress, // not an address of this machine
	} {
		if _, err := quicnet.ListenUDP(addr); qerrors.CodeOf(err) != want {
			t.Errorf("%s: %v, want %v", addr, err, want)
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	dir := create(t)
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	crt, key := dir+"/server.crt", dir+"/server.key"
	for _, files := range [][2]string{
		{"", ""}, {crt, ""}, {"", key}, {dir + "/none", key}, {crt, dir + "/none"},
		{garbage, key}, {crt, garbage}, {crt, dir + "/client.key"},
	} {
		if _, err := quicnet.LoadServerAuth(files[0], files[1]); qerrors.CodeOf(err) != qerrors.BadCertificate {
			t.Errorf("server, %q: %v", files, err)
		}
		if files[0] == "" && files[1] == "" {
			continue // fine for a client
		}
		if _, err := quicnet.LoadClientAuth(quicnet.ClientFiles{Cert: files[0], Key: files[1]}); qerrors.CodeOf(err) != qerrors.BadCertificate {
			t.Errorf("client, %q: %v", files, err)
		}
	}
	for _, ca := range []string{garbage, dir + "/none"} {
		if _, err := quicnet.LoadClientAuth(quicnet.ClientFiles{CA: ca}); qerrors.CodeOf(err) != qerrors.BadCertificate {
			t.Errorf("authority %q: %v", ca, err)
		}
	}
}
