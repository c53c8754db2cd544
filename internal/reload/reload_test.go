package reload_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/reload"
)

// parse takes files that end in a full stop.
func parse(contents [][]byte) (string, error) {
	text := string(bytes.Join(contents, []byte("|")))
	if !strings.HasSuffix(text, ".") {
		return "", errors.New("half written")
	}
	return text, nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace writes a file and renames it into place.
func replace(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// watched runs use beside a Watch of path, in virtual time. It is given what returns
// the reports so far, as text.
func watched(t *testing.T, path string, use func(v *reload.Value[string], reports func() string)) {
	synctest.Test(t, func(t *testing.T) {
		v, err := reload.Load(parse, path)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var all []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			v.Watch(ctx, func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					all = append(all, "changed")
				} else {
					all = append(all, err.Error())
				}
			})
		}()
		use(v, func() string {
			time.Sleep(reload.Interval + reload.Settle)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return strings.Join(all, ", ")
		})
		cancel()
		<-done
	})
}

func expect(t *testing.T, v *reload.Value[string], value, reports, want string) {
	t.Helper()
	if got := v.Get(); got != value {
		t.Errorf("the value is %q, want %q", got, value)
	}
	if reports != want {
		t.Errorf("reported: %q, want %q", reports, want)
	}
}

func TestWatch(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path, text string){"written": write, "renamed into place": replace} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			write(t, path, "one.")
			watched(t, path, func(v *reload.Value[string], reports func() string) {
				expect(t, v, "one.", reports(), "")
				change(t, path, "two.")
				expect(t, v, "two.", reports(), "changed")
				change(t, path, "two.")
				expect(t, v, "two.", reports(), "changed")
			})
		})
	}
}

// TestKubernetes: a volume of Kubernetes has links to files in a folder that is
// itself a link, which is turned to another folder.
func TestKubernetes(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, version, "file"), text)
		data := filepath.Join(dir, "..data")
		if err := errors.Join(os.Symlink(version, data+"_tmp"), os.Rename(data+"_tmp", data)); err != nil {
			t.Fatal(err)
		}
	}
	publish("1", "one.")
	path := filepath.Join(dir, "file")
	if err := os.Symlink(filepath.Join("..data", "file"), path); err != nil {
		t.Fatal(err)
	}
	watched(t, path, func(v *reload.Value[string], reports func() string) {
		publish("2", "two.")
		if err := os.RemoveAll(filepath.Join(dir, "1")); err != nil {
			t.Fatal(err)
		}
		expect(t, v, "two.", reports(), "changed")
	})
}

func TestWatchOfWhatCannotBeUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	watched(t, path, func(v *reload.Value[string], reports func() string) {
		write(t, path, "tw")
		expect(t, v, "one.", reports(), "half written")
		expect(t, v, "one.", reports(), "half written") // once
		write(t, path, "two.")
		expect(t, v, "two.", reports(), "half written, changed")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		gone := "half written, changed, open " + path + ": no such file or directory"
		expect(t, v, "two.", reports(), gone)
		write(t, path, "two.")
		expect(t, v, "two.", reports(), gone+", changed") // usable again
	})
}

// TestChangeSettles: what is there only for a moment is not used, nor complained of.
func TestChangeSettles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	watched(t, path, func(v *reload.Value[string], reports func() string) {
		time.Sleep(reload.Interval - time.Millisecond)
		for _, part := range []string{"t", "tw", "two", "two."} {
			write(t, path, part)
			time.Sleep(reload.Settle - time.Millisecond)
		}
		expect(t, v, "two.", reports(), "changed")
	})
}

func TestReread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	v, err := reload.Load(parse, "", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		text, want string
		changed    bool
		fails      bool
	}{
		{"one.", "|one.", false, false},
		{"two.", "|two.", true, false},
		{"thr", "|two.", false, true},
		{"thr", "|two.", false, true}, // each time
		{"two.", "|two.", false, false},
	} {
		write(t, path, step.text)
		changed, err := v.Reread()
		if changed != step.changed || (err != nil) != step.fails || v.Get() != step.want {
			t.Errorf("after %q: changed is %v, the error %v, the value %q", step.text, changed, err, v.Get())
		}
	}
}

// TestRereadIsReportedOnce: what its caller was told of, Watch does not tell again.
func TestRereadIsReportedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	watched(t, path, func(v *reload.Value[string], reports func() string) {
		write(t, path, "thr")
		if _, err := v.Reread(); err == nil {
			t.Error("no error of half a file")
		}
		expect(t, v, "one.", reports(), "")
		write(t, path, "three.")
		if changed, err := v.Reread(); !changed || err != nil {
			t.Errorf("changed is %v, the error %v", changed, err)
		}
		expect(t, v, "three.", reports(), "")
		write(t, path, "fou")
		expect(t, v, "three.", reports(), "half written")
		write(t, path, "three.")
		if changed, err := v.Reread(); changed || err != nil { // which does not say that it is usable again
			t.Errorf("changed is %v, the error %v", changed, err)
		}
		expect(t, v, "three.", reports(), "half written, changed")
	})
}

// TestFresh: who needs the newest has it before Watch, which reports it all the same, once.
func TestFresh(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one.")
	watched(t, path, func(v *reload.Value[string], reports func() string) {
		expect(t, v, "one.", reports(), "")
		write(t, path, "two.")
		if got := v.Fresh(time.Hour); got != "one." {
			t.Errorf("within the age: %q", got)
		}
		if got := v.Fresh(time.Second); got != "two." {
			t.Errorf("after it: %q", got)
		}
		expect(t, v, "two.", reports(), "changed")
		expect(t, v, "two.", reports(), "changed")
		write(t, path, "thr")
		if got := v.Fresh(time.Second); got != "two." {
			t.Errorf("of half a file: %q", got)
		}
		expect(t, v, "two.", reports(), "changed, half written")
	})
}

// TestBoundaries: the same bytes in other files are something else.
func TestBoundaries(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, a, "on")
	write(t, b, "e.")
	v, err := reload.Load(parse, a, b)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a, "o")
	write(t, b, "ne.")
	if changed, err := v.Reread(); !changed || err != nil || v.Get() != "o|ne." {
		t.Errorf("changed is %v, the error %v, the value %q", changed, err, v.Get())
	}
}

func TestLoadOfWhatCannotBeUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if _, err := reload.Load(parse, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	write(t, path, "hal")
	if _, err := reload.Load(parse, path); err == nil || err.Error() != "half written" {
		t.Errorf("of half a file: %v", err)
	}
	if err := os.Truncate(path, reload.MaxBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := reload.Load(parse, path); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("of a huge file: %v", err)
	}
}

// TestPipe: a pipe can be read once, as in -key <(pass show hub).
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	_, err = w.WriteString("one.")
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("this system has no /dev/fd")
	}
	v, err := reload.Load(parse, path)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := v.Reread(); changed || err != nil || v.Get() != "one." {
		t.Errorf("changed is %v, the error %v, the value %q", changed, err, v.Get())
	}
	v.Watch(t.Context(), func(err error) { t.Errorf("reported: %v", err) }) // returns at once
}
