package readme

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/documents"
)

// library is all documents by their paths.
type library map[string]documents.Document

// follow returns what is wrong with a link in the document at from. Of a link to
// another site it looks only at the form.
func (l library) follow(from, link string) error {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err
	case u.Scheme == "mailto" && u.Opaque != "":
		return nil
	case u.Scheme == "https" || u.Scheme == "http":
		if u.Hostname() == "" {
			return fmt.Errorf("there is no host in it")
		}
		return nil
	case u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/"):
		return fmt.Errorf("use https, or a path that begins at this document")
	}
	target := from
	if u.Path != "" {
		target = path.Join(path.Dir(from), u.Path)
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil || strings.HasPrefix(target, "../") {
		return fmt.Errorf("the repository has no %s", target)
	}
	if u.Fragment == "" {
		return nil
	}
	if anchors := l[target].Anchors(); !slices.Contains(anchors, u.Fragment) {
		return fmt.Errorf("%s has no heading %q, but %q", target, u.Fragment, anchors)
	}
	return nil
}

func newLibrary(t *testing.T) library {
	l := library{}
	for _, d := range read(t) {
		l[d.Path] = d
	}
	return l
}

// TestLinks follows the links of all documents.
func TestLinks(t *testing.T) {
	l := newLibrary(t)
	for from, d := range l {
		for _, link := range d.Links() {
			if err := l.follow(from, link); err != nil {
				t.Errorf("%s links to %s: %v", from, link, err)
			}
		}
	}
}

func TestFollow(t *testing.T) {
	l := newLibrary(t)
	for _, test := range []struct{ from, link, want string }{
		{"README.md", "docs/protocol.md", ""},
		{"README.md", "docs/protocol.md#codes", ""},
		{"README.md", "docs/protocol.md#tea", `no heading "tea"`},
		{"README.md", "docs/kettle.md", "no docs/kettle.md"},
		{"README.md", "#quick-start", ""},
		{"README.md", "#tea", `no heading "tea"`},
		{"README.md", "examples", ""},
		{"README.md", "Makefile#L3", `no heading "L3"`},
		{"README.md", "../QuicFlow/README.md", "no ../QuicFlow/README.md"},
		{"docs/protocol.md", "../README.md#quick-start", ""},
		{"docs/protocol.md", "decisions.md", ""},
		{"docs/protocol.md", "docs/decisions.md", "no docs/docs/decisions.md"},
		{"README.md", "/docs/protocol.md", "begins at this document"},
		{"README.md", "//docs/protocol.md", "begins at this document"},
		{"README.md", "https://www.rfc-editor.org/rfc/rfc9000#section-20.2", ""},
		{"README.md", "https:///rfc9000", "no host"},
		{"README.md", "https://a b.example", "invalid"},
		{"README.md", "mailto:somebody@example.com", ""},
		{"README.md", "ftp://example.com", "use https"},
	} {
		err := l.follow(test.from, test.link)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s in %s: error %v, want %q", test.link, test.from, err, test.want)
		}
	}
}
