package bearer_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/bearer"
	"github.com/voilet/QuicFlow/internal/reload"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestCaller(t *testing.T) {
	reader, admin := bearer.New(), bearer.New()
	tokens, err := bearer.Parse([]byte("# tokens\n\n" +
		bearer.Line(bearer.Caller{Name: "prometheus", Scope: bearer.Read}, reader) + "\r\n  " +
		bearer.Line(bearer.Caller{Name: "deploy", Scope: bearer.Admin}, admin)))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"Bearer " + reader:                       "prometheus read",
		"bearer " + admin:                        "deploy admin",
		"Bearer  " + admin:                       "deploy admin",
		"":                                       "",
		"Bearer":                                 "",
		"Bearer ":                                "",
		"Basic " + admin:                         "",
		admin:                                    "",
		"Bearer " + admin[:len(admin)-1]:         "",
		"Bearer " + admin + "x":                  "",
		"Bearer " + strings.ToLower(admin):       "",
		"Bearer " + strings.Repeat("x", 100_000): "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		c, ok := tokens.Caller(r)
		if got := strings.TrimSpace(c.Name + " " + c.Scope.String()); ok != (want != "") || ok && got != want {
			t.Errorf("%.40q is %q, %v, want %q", header, got, ok, want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = http.Header{"Authorization": {"Bearer " + admin, "Bearer " + reader}}
	if _, ok := tokens.Caller(r); ok {
		t.Error("two headers were accepted")
	}
}

// The last token can be taken out while a server runs, as any other.
func TestLastToken(t *testing.T) {
	file, token := t.TempDir()+"/tokens", bearer.New()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	line := bearer.Line(bearer.Caller{Name: "deploy", Scope: bearer.Admin}, token) + "\n"
	for _, without := range []string{"", "# nobody\n"} {
		write(line)
		v, err := reload.Load(func(c [][]byte) (*bearer.Tokens, error) { return bearer.Parse(c[0]) }, file)
		if err != nil || v.Get().Some() != nil {
			t.Fatal(err, v.Get().Some())
		}
		write(without)
		if _, err = v.Reread(); err != nil {
			t.Error(err)
		}
		if who, ok := v.Get().Caller(r); ok {
			t.Errorf("a token that was taken out is still that of %+v", who)
		}
		if err := v.Get().Some(); qerrors.CodeOf(err) != qerrors.InvalidConfig {
			t.Errorf("a file without a token: %v", err)
		}
	}
}

func TestMistakes(t *testing.T) {
	secret := bearer.New()
	for content, want := range map[string]string{
		"a admin":                 "line 1: write a name, a scope and the hash of a token",
		"\n" + "a root sha256:00": "line 2: the scope cannot be used: use read or admin",
		"a admin " + secret:       "line 1: a hash is sha256: and 64 hexadecimal digits",
		"a admin sha256:00":       "line 1: a hash is",
		"a\"b admin sha256:00":    "line 1: a name has 1 to 64 letters",
		strings.Repeat("x", 100_000) + " admin sha256:00": "line 1: ",
	} {
		_, err := bearer.Parse([]byte(content))
		if qerrors.CodeOf(err) != qerrors.InvalidConfig || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", content, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error has the token: %v", err)
		}
	}
}

func TestTokensAreNeverTheSame(t *testing.T) {
	if a, b := bearer.New(), bearer.New(); a == b || len(a) < 26 {
		t.Errorf("%q and %q", a, b)
	}
}
