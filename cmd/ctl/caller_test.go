package main

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/httpapi"
)

// TestAddCaller goes from no token to a list of clients, over TLS.
func TestAddCaller(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctl := func(env []string, want int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, code := run(t, dir, env, args...)
		if code != want {
			t.Errorf("%v: exit code %d, want %d: %s%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	admin, _ := ctl(nil, 0, "add-caller", "-file", "api-tokens", "deploy")
	reader, _ := ctl(nil, 0, "add-caller", "-file", "api-tokens", "-scope", "read", "prometheus")
	content, err := os.ReadFile(filepath.Join(dir, "api-tokens"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "api-tokens")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if strings.Contains(string(content), strings.TrimSpace(admin)) || strings.Count(string(content), "\n") != 2 {
		t.Errorf("the file has %s", content)
	}
	tokens, err := bearer.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewTLSServer(httpapi.NewHandler(newHub(), httpapi.Options{Tokens: func() *bearer.Tokens { return tokens }}))
	defer api.Close()
	for name, content := range map[string]string{
		"admin.token": admin, "two.token": admin + reader,
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hub := []string{"-api", api.URL, "-api-ca", "ca.crt"}
	list := func(args ...string) []string { return append(append([]string{}, args...), "list") }

	if out, _ := ctl(nil, 0, list(append(hub, "-api-token-file", "admin.token")...)...); !strings.Contains(out, "client-001") {
		t.Errorf("the list is %s", out)
	}
	env := []string{"QUIC_API_TOKEN=" + strings.TrimSpace(reader)}
	ctl(env, 0, list(hub...)...)
	ctl(env, 0, list("-api", api.URL, "-insecure")...)
	for name, test := range map[string]struct {
		env  []string
		args []string
		code int
		want string
	}{
		"no token":         {nil, list(hub...), 1, "unauthenticated"},
		"unknown token":    {[]string{"QUIC_API_TOKEN=" + bearer.New()}, list(hub...), 1, "this API needs a token that the hub knows"},
		"reader that acts": {env, append(append([]string{}, hub...), "disconnect", "client-001"), 1, "the token of prometheus may only read"},
		"no CA":            {env, list("-api", api.URL), 1, "is not trusted: name the CA that signed it with -api-ca"},
		"no file":          {nil, list("-api-token-file", "nosuch"), 2, "-api-token-file cannot be read: open nosuch"},
		"two tokens":       {nil, list("-api-token-file", "two.token"), 2, "the file of -api-token-file has a token and nothing else"},
		"two sources":      {env, list("-api-token-file", "admin.token"), 2, "leave one out"},
		"no name":          {nil, []string{"add-caller", "-file", "api-tokens"}, 2, "whose token?"},
		"twice":            {nil, []string{"add-caller", "-file", "api-tokens", "deploy"}, 2, "there is a caller deploy already: delete its line, or use another name"},
		"bad name":         {nil, []string{"add-caller", "-file", "api-tokens", "a b"}, 2, "a name has 1 to 64 letters"},
		"bad scope":        {nil, []string{"add-caller", "-file", "api-tokens", "-scope", "root", "a"}, 2, "use read or admin"},
		"another file":     {nil, []string{"add-caller", "-file", "ca.crt", "a"}, 2, "the file of tokens stays as it was"},
	} {
		if _, stderr := ctl(test.env, test.code, test.args...); !strings.Contains(stderr, test.want) {
			t.Errorf("%s: %s", name, stderr)
		} else if strings.Contains(stderr, strings.TrimSpace(admin)) || strings.Contains(stderr, strings.TrimSpace(reader)) {
			t.Errorf("%s: the error has a token: %s", name, stderr)
		}
	}
	if now, err := os.ReadFile(filepath.Join(dir, "api-tokens")); err != nil || string(now) != string(content) {
		t.Errorf("the file has %s, %v", now, err)
	}
}

// TestOut: a token that is made into a file is for its owner alone, whatever the umask; one
// that has no place is not made.
func TestOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for what, args := range map[string][]string{
		"tokens.yaml": {"token", "add", "-client", "client-001", "-out", "tokens.yaml.secret"},
		"enroll":      {"enroll-token", "-out", "enroll.secret", "client-001"},
		"api-tokens":  {"add-caller", "-file", "api-tokens", "-out", "api-tokens.secret", "deploy"},
	} {
		if stdout, stderr, code := run(t, dir, nil, args...); code != 0 || stdout != "" {
			t.Fatalf("%v: exit code %d: %s%s", args, code, stdout, stderr)
		}
		secret, err := os.ReadFile(filepath.Join(dir, what+".secret"))
		if err != nil || !strings.HasPrefix(string(secret), "qb") || strings.Count(string(secret), "\n") != 1 {
			t.Errorf("%s: the file has %q, %v", what, secret, err)
		}
		if info, err := os.Stat(filepath.Join(dir, what+".secret")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file is %v, %v", what, info, err)
		}
		if _, stderr, code := run(t, dir, nil, args...); code != 2 || !strings.Contains(stderr, "no token was made: -out has to name a file that can be made, and is not there yet") {
			t.Errorf("%s: the second time: exit code %d: %s", what, code, stderr)
		}
		if again, err := os.ReadFile(filepath.Join(dir, what+".secret")); err != nil || string(again) != string(secret) {
			t.Errorf("%s: the file has %q afterwards, %v", what, again, err)
		}
	}
	_, _, code := run(t, dir, nil, "add-caller", "-file", "api-tokens", "-out", "other.secret", "deploy")
	if _, err := os.Stat(filepath.Join(dir, "other.secret")); code != 2 || err == nil {
		t.Errorf("exit code %d, and an empty file is left: %v", code, err)
	}
}

// TestAddCallersAtOnce: of callers that are added at once, each is there afterwards.
func TestAddCallersAtOnce(t *testing.T) {
	t.Parallel()
	dir, names := t.TempDir(), strings.Fields("a b c d e f g h")
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			if _, stderr, code := run(t, dir, nil, "add-caller", "-file", "api-tokens", name); code != 0 {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
	wg.Wait()
	content, err := os.ReadFile(filepath.Join(dir, "api-tokens"))
	if n := strings.Count(string(content), "\n"); n != len(names) || err != nil {
		t.Errorf("there are %d callers of %d, %v", n, len(names), err)
	}
}
