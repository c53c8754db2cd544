//go:build unix

package tokens_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/tokens"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// An operator who is root does not take the file away from the hub, which would then not
// see what was revoked.
func TestEditKeepsTheOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file away")
	}
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	same := func(all []tokens.Token) ([]tokens.Token, error) { return all, nil }
	if err := tokens.Edit(file, same); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(file, 1234, 2345); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Edit(file, same); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 1234 || owner.Gid != 2345 {
		t.Errorf("the file belongs to %d:%d after an edit", owner.Uid, owner.Gid)
	}
}

// A client that asks twice at once is not taken for two, and gets one answer.
func TestSameHolderAtOnce(t *testing.T) {
	dir := t.TempDir()
	secret, err := tokens.AddOnce(dir, "a", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	answers := make(chan string, 50)
	for i := range cap(answers) {
		all.Go(func() {
			if err := tokens.Redeem(dir, secret, "a", []byte("key")); err != nil {
				t.Error(err)
			}
			answer, err := tokens.Answer(dir, secret, func() ([]byte, error) { return []byte{byte(i)}, nil })
			if err != nil {
				t.Error(err)
			}
			answers <- string(answer)
		})
	}
	all.Wait()
	first := <-answers
	for range cap(answers) - 1 {
		if other := <-answers; other != first {
			t.Fatalf("there are the answers %q and %q", first, other)
		}
	}
}

// What a stranger shows does not become the name of a file that no file system has.
func TestLongIDs(t *testing.T) {
	err := tokens.Redeem(t.TempDir(), tokens.Enrollment+strings.Repeat("A", 8000)+"_X", "a", nil)
	if qerrors.CodeOf(err) != qerrors.Unauthenticated || len(err.Error()) > 500 {
		t.Errorf("%.300v", err)
	}
}
