package readme

import (
	"encoding/json"
	"errors"
	"go/types"
	"io"
	"os"
	"strings"
	"testing"
)

// TestPromisedFragments compiles the fragments of testdata as they are, with
// nothing declared but what they leave undeclared.
func TestPromisedFragments(t *testing.T) {
	c := newCompiler(t)
	for _, test := range []struct{ file, undeclared, declaration string }{
		{"server-config", "eventHooks", "var eventHooks *monitoring.EventHooks"},
		{"client-config", "", ""},
		{"echo-server", "config", "var config *server.ServerConfig"},
		{"callback-client", "config", "var config *client.ClientConfig"},
		{"event-hooks", "", ""},
	} {
		t.Run(test.file, func(t *testing.T) {
			code, err := os.ReadFile("testdata/" + test.file + ".go.txt")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.check(string(code), test.declaration); err != nil {
				t.Error(err)
			}
			if test.undeclared == "" {
				return
			}
			var undefined types.Error
			if err := c.check(string(code), ""); !errors.As(err, &undefined) || undefined.Msg != "undefined: "+test.undeclared {
				t.Errorf("without a declaration: %v, want that %s is undefined", err, test.undeclared)
			}
		})
	}
}

// known are the names that a fragment in a document may use without declaring
// them, because the text around it does.
const known = `
var (
	ctx     context.Context
	srv     *server.Server
	c       *client.Client
	d       *dispatcher.Dispatcher
	handler dispatcher.Handler
	msg     *protocol.DataMessage
	hooks   *monitoring.EventHooks
	logger  *slog.Logger
	err     error
)
`

// TestDocuments compiles the Go code of all documents.
func TestDocuments(t *testing.T) {
	c := newCompiler(t)
	for _, b := range blocks(t, "go") {
		declarations := known
		if strings.HasPrefix(withoutComments(b.Text), "package ") {
			declarations = "" // complete: it compiles as it is
		}
		if err := c.check(b.Text, declarations); err != nil {
			t.Errorf("%s, the block at line %d does not compile: %v", b.file, b.Line, err)
		}
	}
}

// TestJSON: what the documents show as JSON is JSON, one value or several.
func TestJSON(t *testing.T) {
	for _, b := range blocks(t, "json") {
		decoder := json.NewDecoder(strings.NewReader(b.Text))
		var err error
		for err == nil {
			err = decoder.Decode(new(any))
		}
		if err != io.EOF {
			t.Errorf("%s, the block at line %d: %v", b.file, b.Line, err)
		}
	}
}
