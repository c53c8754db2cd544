package integration

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// TestCredentialsAppearNowhere runs the programs with all kinds of credentials, good and
// bad, with all that they can be made to say, and looks for the credentials in it: logs of
// all levels, errors, metrics, the API, qlogs, and what handlers inherit.
func TestCredentialsAppearNowhere(t *testing.T) {
	dir := t.TempDir()
	public, key, _ := ed25519.GenerateKey(rand.Reader)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sign := func(id string, exp time.Time) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": id, "aud": "quic-backbone", "exp": exp.Unix()}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	tokens := filepath.Join(dir, "tokens.yaml")
	token := strings.TrimSpace(run(t, "quic-ctl", "token", "-file", tokens, "add", "-client", "by-token").Stdout())
	good, expired := sign("by-jwt", time.Now().Add(time.Hour)), sign("by-jwt", time.Now().Add(-time.Hour))
	foreign := sign("another", time.Now().Add(time.Hour))
	secrets := []string{token, token[strings.LastIndex(token, "_")+1:], good, expired, foreign}
	for _, jwt := range []string{good, expired, foreign} {
		secrets = append(secrets, jwt[strings.LastIndex(jwt, ".")+1:])
	}

	enroll := filepath.Join(dir, "enroll")
	once := strings.TrimSpace(run(t, "quic-ctl", "enroll-token", "-dir", enroll, "enrolled").Stdout())
	secrets = append(secrets, once, once[strings.LastIndex(once, "_")+1:])
	ca := filepath.Join(built.certs, "ca")
	h := startHub(t, "-client-ca", ca+".crt", "-client-ca-key", ca+".key", "-enroll-dir", enroll, "-token-file", tokens, "-qlog-dir", filepath.Join(dir, "qlog"), "-log-level", "debug",
		"-jwt-key", put("jwt.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))))
	metrics := h.Addr("monitoring listening")
	processes := []*testprocess.Process{h.Process}
	agent := func(id string, args ...string) {
		processes = append(processes, h.agent(id, append(args, "-log-level", "debug", "-handler", "env")...))
	}
	jwtFile := put("by-jwt", good)
	agent("by-token", "-token", token)
	agent("by-jwt", "-token-file", jwtFile)
	cert, certKey := filepath.Join(dir, "own.crt"), filepath.Join(dir, "own.key")
	agent("enrolled", "-enroll-token", once, "-cert", cert, "-key", certKey)
	run(t, "quic-ctl", "-api", h.api, "qlog", "start", "by-jwt")
	for _, args := range [][]string{
		{"-token", token}, {"-token", expired}, {"-token", foreign}, {"-token", good + "x"}, {"-token", "two " + token},
		{"-token-file", put("two", token+"\n"+good)}, {"-token", token, "-token-file", jwtFile}, {},
		{"-enroll-token", once, "-cert", cert + "2", "-key", certKey + "2"}, {"-enroll-token", once},
		{"-enroll-token", once, "-cert", cert + "2", "-key", certKey + "2", "-id", "enrolled"}, // a replay
	} {
		p := run(t, "quic-client", h.clientArgs("refused", append(args, "-log-level", "debug", "-reconnect=false")...)...)
		if p.Wait() == 0 {
			t.Errorf("a client with %d arguments more is let in", len(args))
		}
		processes = append(processes, p)
	}
	if last := processes[len(processes)-1]; !strings.Contains(last.Stderr(), "credential_used") {
		t.Errorf("a replayed enrolment token: %s", last.Stderr())
	}
	put("by-jwt", foreign) // shown on the connection that is there
	h.Await("a new credential was refused")
	for _, id := range []string{"by-token", "by-jwt", "enrolled"} {
		reply := h.ask(id, "")
		if !reply.Success {
			t.Errorf("%s answers %+v", id, reply)
		}
		look(t, "the environment of a handler", reply.Ack.Result, secrets)
	}
	help := start(t, []string{"QUIC_TOKEN=" + token}, "quic-client", "-help")
	help.Wait()
	processes = append(processes, help, run(t, "quic-ctl", "token", "-file", tokens, "list"), run(t, "quic-ctl", "-api", h.api, "list"))
	for _, url := range []string{"http://" + metrics + "/metrics", h.api + "/api/clients", h.api + "/api/clients/by-jwt"} {
		_, body := testprocess.Get(t, url)
		look(t, url, body, secrets)
	}
	h.Stop()
	for _, p := range processes {
		look(t, "the output of a program", p.Stdout()+p.Stderr(), secrets)
	}
	_ = filepath.WalkDir(filepath.Join(dir, "qlog"), func(path string, entry fs.DirEntry, err error) error {
		if text, _ := os.ReadFile(path); err == nil && !entry.IsDir() {
			look(t, path, string(text), secrets)
		}
		return err
	})
	private, err := os.ReadFile(certKey)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(private), "\n")
	for _, p := range processes {
		look(t, "the output of a program", p.Stdout()+p.Stderr(), lines[1:2])
	}
	kept, err := filepath.Glob(filepath.Join(enroll, "*"))
	if err != nil || len(kept) != 3 { // the token, its use, and the certificate
		t.Errorf("the folder of enrolment tokens has %q, %v", kept, err)
	}
	for _, path := range append(kept, tokens) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		look(t, path, string(text), secrets)
	}
}

// look fails for each secret that is in text, without repeating it.
func look(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for i, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("secret %d is in %s, behind %q", i, where, text[max(0, at-80):at])
		}
	}
}
