package httpapi_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testhub"
)

// TestDocs: the page has all it needs, and asks nobody else for anything.
func TestDocs(t *testing.T) {
	api := serve(t, &testhub.Hub{})
	page := fetch(t, api.Client(), api.URL+"/docs", "text/html; charset=utf-8")
	if root := fetch(t, api.Client(), api.URL+"/", "text/html; charset=utf-8"); root != page {
		t.Error("the root does not lead to the page")
	}
	parts := regexp.MustCompile(`(?:href|src)="(/[^"]+)"`).FindAllStringSubmatch(page, -1)
	all := page
	seen := map[string]bool{}
	for _, part := range parts {
		kind, known := map[string]string{
			"/docs/docs.css": "text/css; charset=utf-8",
			"/docs/docs.js":  "text/javascript; charset=utf-8",
			"/docs/icon.svg": "image/svg+xml",
			"/openapi.json":  "application/openapi+json",
		}[part[1]]
		if !known {
			t.Errorf("the page wants %s", part[1])
			continue
		}
		seen[part[1]] = true
		all += fetch(t, api.Client(), api.URL+part[1], kind)
	}
	if len(seen) != 4 {
		t.Errorf("the page wants only %v", seen)
	}
	all = strings.ReplaceAll(all, `xmlns="http://www.w3.org/2000/svg"`, "") // a name, which nobody loads
	if other := regexp.MustCompile(`.{20}(https?:)?//\w+\..{20}`).FindString(all); other != "" {
		t.Errorf("another host is named: %s", other)
	}
}

// fetch returns the content of a URL, which must be protected from loading more.
func fetch(t *testing.T, client *http.Client, url, wantKind string) string {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != wantKind || len(content) == 0 {
		t.Errorf("%s: status %d, content type %q, want %q", url, response.StatusCode, kind, wantKind)
	}
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; ") && !strings.HasSuffix(url, ".json") || strings.ContainsAny(policy, "*:") {
		t.Errorf("%s: the policy is %q", url, policy)
	}
	return string(content)
}
