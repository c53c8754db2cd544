package tokens_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/leaktest"
	"github.com/voilet/QuicFlow/internal/tokens"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// Of all who show a token at once, one gets what it is good for.
func TestRedeemedOnce(t *testing.T) {
	dir := t.TempDir()
	secret, err := tokens.AddOnce(dir, "a", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	results := make(chan error, 50)
	for i := range cap(results) {
		all.Go(func() { results <- tokens.Redeem(dir, secret, "a", []byte{byte(i)}) })
	}
	all.Wait()
	good := 0
	for range cap(results) {
		switch err := <-results; qerrors.CodeOf(err) {
		case qerrors.OK:
			good++
		case qerrors.CredentialUsed:
		default:
			t.Error(err)
		}
	}
	if good != 1 {
		t.Errorf("%d have redeemed it", good)
	}
}

// Tokens that have expired are taken out by the next that is made.
func TestPruned(t *testing.T) {
	dir := t.TempDir()
	secret, err := tokens.AddOnce(dir, "a", time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := tokens.Redeem(dir, secret, "a", nil); qerrors.CodeOf(err) != qerrors.CredentialExpired {
		t.Errorf("an expired token: %v", err)
	}
	if _, err := tokens.AddOnce(dir, "a", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, %v", files, err)
	}
	if err := tokens.Redeem(dir, secret, "a", nil); qerrors.CodeOf(err) != qerrors.Unauthenticated {
		t.Errorf("a token that was taken out: %v", err)
	}
}

// Nobody's edit of the file is lost, and its mode stays.
func TestEditsTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			token, _, err := tokens.New(tokens.Bearer, fmt.Sprint("client-", i), "", time.Time{})
			if err == nil {
				err = tokens.Edit(file, func(before []tokens.Token) ([]tokens.Token, error) { return append(before, token), nil })
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	err := tokens.Edit(file, func(before []tokens.Token) ([]tokens.Token, error) {
		if len(before) != 20 {
			t.Errorf("there are %d tokens", len(before))
		}
		return before, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o640 {
		t.Errorf("the file is %v, %v", info, err)
	}
}

func TestBadFiles(t *testing.T) {
	good := "- {id: A, client: a, sha256: " + fmt.Sprintf("%064d", 0) + "}\n"
	for text, want := range map[string]qerrors.Code{
		"":                        qerrors.OK,
		"tokens:\n" + good:        qerrors.OK,
		"tokens:\n" + good + good: qerrors.InvalidConfig,
		"tokens:\n- {id: A, client: a, sha256: short}\n":                                           qerrors.InvalidConfig,
		"tokens:\n- {id: A, sha256: " + fmt.Sprintf("%064d", 0) + "}\n":                            qerrors.InvalidConfig,
		"tokens:\n- {id: A, client: a, prefix: b, sha256: " + fmt.Sprintf("%064d", 0) + "}\n":      qerrors.InvalidConfig,
		"tokens:\n- {id: A, client: a, sha256: " + fmt.Sprintf("%064d", 0) + ", expirse: never}\n": qerrors.InvalidConfig,
		"qbt_A_SECRET": qerrors.InvalidConfig,
	} {
		if _, err := tokens.Parse([]byte(text)); qerrors.CodeOf(err) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
