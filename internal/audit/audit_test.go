package audit_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/audit"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

const patience = 30 * time.Second

func open(t *testing.T, o audit.Options) *audit.Log {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	l, err := audit.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// records returns what the files of a folder have.
func records(t *testing.T, dir string) (all []map[string]any, files int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "audit*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			var r map[string]any
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Errorf("%s: %v in %s", name, err, lines.Text())
			}
			all = append(all, r)
		}
		_ = file.Close()
	}
	return all, len(names)
}

// Records are all there after a restart, whatever is in them, and no line is two.
func TestRecords(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	const hostile = "a\n{\"event\":\"admitted\"}\u2028\x1b[2J"
	for range 2 {
		l := open(t, audit.Options{Path: path, MaxSize: 1 << 20, Keep: 3})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				l.Add(audit.Record{Event: audit.Refused, Code: qerrors.TooManyClients, Reason: "full", ClientID: fmt.Sprint(hostile, i), Remote: "192.0.2.7:1"})
			})
		}
		wg.Wait()
		if err := l.Close(patience); err != nil {
			t.Error(err)
		}
		l.Add(audit.Record{Event: audit.Refused})
		if l.Lost() != 1 || l.Close(patience) != nil {
			t.Errorf("after the end, %d records are lost", l.Lost())
		}
	}
	all, files := records(t, dir)
	if len(all) != 200 || files != 1 {
		t.Fatalf("there are %d records in %d files", len(all), files)
	}
	for _, r := range all {
		if at, err := time.Parse(time.RFC3339Nano, r["time"].(string)); err != nil || time.Since(at) > time.Hour || r["event"] != "refused" ||
			r["code"] != "too_many_clients" || !strings.HasPrefix(r["client_id"].(string), hostile) || r["bytes"] != nil {
			t.Errorf("a record is %v, %v", r, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
}

// A file that is full is followed by another, and no more of them are kept than asked.
func TestRotation(t *testing.T) {
	dir := t.TempDir()
	l := open(t, audit.Options{Path: filepath.Join(dir, "audit.jsonl"), MaxSize: 1 << 20, Keep: 2})
	long := strings.Repeat("x", 10_000)
	for range 600 { // 6 MB
		l.Add(audit.Record{Event: audit.Send, Reason: long})
	}
	if err := l.Close(patience); err != nil {
		t.Error(err)
	}
	if _, files := records(t, dir); files < 2 || files > 3 || l.Lost() != 0 {
		t.Errorf("there are %d files, and %d records are lost", files, l.Lost())
	}
}

// Strangers cannot push the records of others out of the files; those of them that are left
// out are counted.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := open(t, audit.Options{Path: filepath.Join(dir, "audit.jsonl"), MaxSize: 1 << 20, Keep: 2})
		for range 5000 {
			l.Add(audit.Record{Event: audit.Denied})
		}
		l.Add(audit.Record{Event: audit.Send})
		time.Sleep(time.Second)
		l.Add(audit.Record{Event: audit.Refused})
		if err := l.Close(patience); err != nil {
			t.Error(err)
		}
		all, _ := records(t, dir)
		if len(all) != 1002 || all[1000]["event"] != "send" || all[1001]["left_out"] != 4000.0 {
			t.Errorf("there are %d records, the last ones are %v", len(all), all[max(0, len(all)-2):])
		}
	})
}

func TestNoLog(t *testing.T) {
	l := open(t, audit.Options{})
	l.Add(audit.Record{Event: audit.Admitted})
	if err := l.Close(0); l != nil || err != nil {
		t.Errorf("%v, %v", l, err)
	}
}

func TestUnusablePath(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "nosuch", "audit.jsonl"), t.TempDir()} {
		if _, err := audit.Open(audit.Options{Path: path}); qerrors.CodeOf(err) != qerrors.InvalidConfig || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
