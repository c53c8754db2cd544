package errors_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// TestNames reads the codes from the source: a code that was declared and not
// named would otherwise be seen by no test.
func TestNames(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	named := map[string]string{}
	for constant, number := range declaredCodes(t) {
		code := qerrors.Code(number)
		if !code.Valid() {
			t.Errorf("%s (%#x) has no name", constant, number)
			continue
		}
		name := code.String()
		if !snake.MatchString(name) {
			t.Errorf("%s is called %q, which is not snake case", constant, name)
		}
		if parsed, ok := qerrors.ParseCode(name); parsed != code || !ok {
			t.Errorf("%q is parsed as %v, %v", name, parsed, ok)
		}
		if other, taken := named[name]; taken {
			t.Errorf("%s and %s are both called %q", constant, other, name)
		}
		named[name] = constant
	}
	for code := range qerrors.Code(qerrors.NumCodes) {
		if code.Valid() && named[code.String()] == "" {
			t.Errorf("%q (%#x) is the name of no declared code", code, uint32(code))
		}
	}
}

func TestParseUnknownCode(t *testing.T) {
	for _, name := range []string{"", "OK", "code_63", "out_of_coffee"} {
		if code, ok := qerrors.ParseCode(name); ok || code != qerrors.Internal {
			t.Errorf("%q is parsed as %v, %v", name, code, ok)
		}
	}
}

// declaredCodes returns the number of each constant of type Code.
func declaredCodes(t *testing.T) map[string]uint64 {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]uint64{}
	seen := map[uint64]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		number, err := strconv.ParseUint(spec.Values[0].(*ast.BasicLit).Value, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		name := spec.Names[0].Name
		if other, taken := seen[number]; taken {
			t.Errorf("%s and %s have the same number %#x", name, other, number)
		}
		seen[number], codes[name] = name, number
		return true
	})
	return codes
}

// TestNumbers holds the numbers that peers of other versions know: one of each
// range and the ones that are compared by range.
func TestNumbers(t *testing.T) {
	for code, want := range map[qerrors.Code]uint32{
		qerrors.OK: 0x00, qerrors.Internal: 0x01, qerrors.TooManyRequests: 0x0e,
		qerrors.NoHandler: 0x10, qerrors.HandlerCanceled: 0x15,
		qerrors.ProtocolViolation: 0x20, qerrors.Replaced: 0x25, qerrors.TransportFailed: 0x2a,
		qerrors.Unreachable: 0x30, qerrors.RetriesExhausted: 0x36,
		qerrors.Unauthenticated: 0x38, qerrors.CredentialUsed: 0x3c,
	} {
		if uint32(code) != want {
			t.Errorf("%v has the number %#x, want %#x", code, uint32(code), want)
		}
	}
}

func TestUnknownCodes(t *testing.T) {
	for _, code := range []qerrors.Code{0x0f, qerrors.NumCodes - 1, qerrors.NumCodes, 1<<32 - 1} {
		if code.Valid() {
			t.Errorf("%#x is valid", uint32(code))
		}
		if want := "code_" + strconv.FormatUint(uint64(code), 10); code.String() != want {
			t.Errorf("%#x is called %q, want %q", uint32(code), code, want)
		}
	}
}
