package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// tokens are those of a file.
type tokens struct{ file, reader, admin string }

func newTokens(t *testing.T, dir string) tokens {
	t.Helper()
	k := tokens{filepath.Join(dir, "api-tokens"), bearer.New(), bearer.New()}
	content := bearer.Line(bearer.Caller{Name: "prometheus", Scope: bearer.Read}, k.reader) + "\n" +
		bearer.Line(bearer.Caller{Name: "deploy", Scope: bearer.Admin}, k.admin) + "\n"
	if err := os.WriteFile(k.file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// guarded returns a command that runs a hub with tokens and TLS, on addresses that other
// machines could reach.
func guarded(t *testing.T) (*exec.Cmd, tokens) {
	t.Helper()
	cmd := withCerts(t, quicServer(t))
	k := newTokens(t, cmd.Dir)
	cmd.Args = append(cmd.Args, "-addr", "127.0.0.1:0", "-api", ":0", "-metrics", ":0", "-pprof", "-log-level", "debug",
		"-audit-log", "audit.jsonl", "-api-token-file", k.file, "-api-cert", "certs/server.crt", "-api-key", "certs/server.key")
	return cmd, k
}

// ask makes a request of a server at a port of this machine, by its name, and returns the status.
func ask(t *testing.T, dir, addr, method, path, token, body string) (int, string) {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, "certs", certs.CACertFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://localhost:"+port+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// TestGuardedHub has every address of a hub that other machines can reach ask for a token
// of the right scope, and no token anywhere but with its owner.
func TestGuardedHub(t *testing.T) {
	t.Parallel()
	cmd, k := guarded(t)
	hub := testprocess.Start(t, cmd)
	monitor, api := hub.Addr("monitoring listening"), hub.Addr("HTTP API listening")
	connect(t, hub, cmd.Dir)
	const message = `{"client_id":"client-001","payload":"a secret order"}`
	var seen strings.Builder
	for _, test := range []struct {
		addr, method, path, body string
		nobody, reader, admin    int
	}{
		{monitor, "GET", "/healthz", "", 200, 200, 200},
		{monitor, "GET", "/readyz", "", 200, 200, 200},
		{monitor, "GET", "/metrics", "", 401, 200, 200},
		{monitor, "GET", "/debug/pprof/cmdline", "", 401, 403, 200},
		{api, "GET", "/health", "", 200, 200, 200},
		{api, "GET", "/openapi.json", "", 200, 200, 200},
		{api, "GET", "/docs/docs.js", "", 200, 200, 200},
		{api, "GET", "/api/clients", "", 401, 200, 200},
		{api, "GET", "/api/clients/client-001", "", 401, 200, 200},
		{api, "POST", "/api/send", message, 401, 403, 200},
		{api, "POST", "/api/broadcast", `{"payload":"a secret order"}`, 401, 403, 200},
		{api, "PUT", "/api/clients/client-001/qlog", "", 401, 403, 409},
		{api, "DELETE", "/api/clients/nobody", "", 401, 403, 404},
		{api, "GET", "/nothing", "", 401, 404, 404},
	} {
		for token, want := range map[string]int{"": test.nobody, bearer.New(): test.nobody, k.reader: test.reader, k.admin: test.admin} {
			got, body := ask(t, cmd.Dir, test.addr, test.method, test.path, token, test.body)
			if got != want {
				t.Errorf("%s %s: status %d, want %d: %s", test.method, test.path, got, want, body)
			}
			seen.WriteString(body)
		}
	}
	if code := hub.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	audit, err := os.ReadFile(filepath.Join(cmd.Dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{k.reader, k.admin, "a secret order"} {
		for what, text := range map[string]string{"the log": hub.Stderr(), "an answer": seen.String(), "the audit log": string(audit)} {
			if strings.Contains(text, token) {
				t.Errorf("%s has %s", what, token)
			}
		}
	}
	for _, want := range []string{
		`"event":"admitted","code":"ok","client_id":"client-001","session_id":"`,
		`"event":"denied","code":"unauthenticated"`,
		`"event":"denied","code":"permission_denied"`,
		`"caller":"prometheus","request":"POST /api/send"`,
		`"event":"send","code":"ok","client_id":"client-001"`,
		`"caller":"deploy","msg_id":"`,
		`"type":"command","bytes":14`,
		`"event":"broadcast","code":"ok"`,
		`"type":"event","bytes":14,"total":1,"failed":0`,
		`"event":"qlog_start","code":"invalid_config"`,
		`"event":"disconnect","code":"unknown_client"`,
		`"event":"ended"`,
	} {
		if !strings.Contains(string(audit), want) {
			t.Errorf("the audit log has no %s:\n%s", want, audit)
		}
	}
}

// TestReachableWithoutToken: nobody opens a hub to the network by mistake.
func TestReachableWithoutToken(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"-api":     "other machines can reach the HTTP API on [::]:",
		"-metrics": "other machines can reach monitoring on [::]:",
	} {
		cmd := withCerts(t, quicServer(t, "-addr", "127.0.0.1:0", "-api=", "-metrics=", flag, ":0"))
		p := testprocess.Run(t, cmd)
		if p.Wait() != 2 || !strings.Contains(p.Stderr(), want) ||
			!strings.Contains(p.Stderr(), "quic-ctl add-caller -file FILE NAME, and give -api-token-file FILE; or listen on this machine alone, with "+flag+" 127.0.0.1:") {
			t.Errorf("%s :0: exit code %d, stderr:\n%s", flag, p.Wait(), p.Stderr())
		}
		cmd = withCerts(t, quicServer(t, "-addr", "127.0.0.1:0", "-api=", "-metrics=", flag, ":0"))
		cmd.Args = append(cmd.Args, "-api-token-file", newTokens(t, cmd.Dir).file)
		hub := testprocess.Start(t, cmd)
		if line := hub.Await("tokens cross the network in the clear"); !strings.Contains(line, "level=WARN") {
			t.Errorf("the log has %s", line)
		}
	}
}

// TestTokensChange without a restart; a file that cannot be used changes nothing.
func TestTokensChange(t *testing.T) {
	t.Parallel()
	cmd, k := guarded(t)
	hub := testprocess.Start(t, cmd)
	api := hub.Addr("HTTP API listening")
	list := func(token string) int {
		code, _ := ask(t, cmd.Dir, api, "GET", "/api/clients", token, "")
		return code
	}
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(k.file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("deploy admin " + k.admin)
	if line := hub.Await("a file stays as it was"); !strings.Contains(line, "a hash is sha256:") || strings.Contains(line, k.admin) {
		t.Errorf("the log has %s", line)
	}
	if got := list(k.admin); got != 200 {
		t.Errorf("with a broken file: %d", got)
	}
	other := bearer.New()
	write(bearer.Line(bearer.Caller{Name: "deploy", Scope: bearer.Admin}, other) + "\n")
	hub.Await(`msg="read again" file=api_tokens`)
	if old, new := list(k.admin), list(other); old != 401 || new != 200 {
		t.Errorf("the old token gets %d, the new one %d", old, new)
	}
}
