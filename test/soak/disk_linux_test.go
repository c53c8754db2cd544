package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// diskEnv makes the test binary mount a disk of 64 KiB on this folder, where nobody else
// sees it, and become the program that its arguments name.
const diskEnv = "SOAK_SMALL_DISK"

func withSmallDisk() int {
	err := syscall.Mount("small", os.Getenv(diskEnv), "tmpfs", 0, "size=64k")
	if err == nil {
		err = syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// TestDiskFull has the disk with the traces run full: the trace ends with an error in the log, a
// further one is refused with the reason, messages go on, and when there is room again, so do
// traces.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	hub := onSmallDisk(t, dir, "-handler", "cat", "-qlog-dir", dir)
	addr, api := hub.Addr("msg=listening"), "http://"+hub.Addr("HTTP API listening")
	c := connect(t, addr, "a")
	exchange := func() {
		t.Helper()
		ack, err := c.SendMessage(t.Context(), testnet.Command("x"), true, patience)
		if err != nil || string(ack.Result) != "x" {
			t.Fatalf("%v, %v", ack, err)
		}
	}
	if code, body := testprocess.Call(t, http.MethodPut, api+"/api/clients/a/qlog"); code != http.StatusOK {
		t.Fatalf("a trace on an empty disk: %d %s", code, body)
	}
	eventually(t, "the disk is full", func() bool {
		exchange()
		return strings.Contains(hub.Stderr(), "qlog ended before it was stopped")
	})
	if line := hub.Await("qlog ended before it was stopped"); !strings.Contains(line, "no space left on device") {
		t.Errorf("the log does not say why: %s", line)
	}
	if code, body := testprocess.Call(t, http.MethodPut, api+"/api/clients/a/qlog"); code == http.StatusOK || !strings.Contains(body, "no space left on device") {
		t.Errorf("a trace on a full disk: %d %s", code, body)
	}
	exchange()
	clear(t, filepath.Join("/proc", strconv.Itoa(hub.PID()), "root", dir))
	if code, body := testprocess.Call(t, http.MethodPut, api+"/api/clients/a/qlog"); code != http.StatusOK {
		t.Errorf("a trace when there is room again: %d %s", code, body)
	}
	exchange()
}

// onSmallDisk starts a hub that has a disk of 64 KiB on dir.
func onSmallDisk(t *testing.T, dir string, args ...string) *testprocess.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{built.hub}, hubArgs(args...)...)...)
	cmd.Env = append(os.Environ(), diskEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if err := exec.Command("unshare", "-Urm", "true").Run(); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	return testprocess.Start(t, cmd)
}

// TestAuditLogOnAFullDisk: the hub goes on, says so once, counts what is lost, and goes on
// writing when there is room again. What it has written are records, each on a line.
func TestAuditLogOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	hub := onSmallDisk(t, dir, "-audit-log", filepath.Join(dir, "audit.jsonl"), "-metrics", "127.0.0.1:0")
	api, metrics := "http://"+hub.Addr("HTTP API listening"), "http://"+hub.Addr("monitoring listening")
	act := func() {
		t.Helper()
		if code, body := testprocess.Call(t, http.MethodDelete, api+"/api/clients/nobody"); code != http.StatusNotFound {
			t.Fatalf("the API answers with %d %s", code, body)
		}
	}
	disk := filepath.Join("/proc", strconv.Itoa(hub.PID()), "root", dir)
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 48<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	const failed = "the audit log cannot be written"
	eventually(t, "the disk is full", func() bool {
		act()
		return strings.Contains(hub.Stderr(), failed)
	})
	if line := hub.Await(failed); !strings.Contains(line, "no space left on device") || !strings.Contains(line, "see that there is room") {
		t.Errorf("the log has %s", line)
	}
	act()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log is written again", func() bool {
		act()
		return strings.Contains(hub.Stderr(), "the audit log is written again")
	})
	if n := strings.Count(hub.Stderr(), failed); n != 1 {
		t.Errorf("the log says %d times that there is no room", n)
	}
	if _, body := testprocess.Get(t, metrics+"/metrics"); strings.Contains(body, "\nquic_backbone_audit_records_lost_total 0\n") || !strings.Contains(body, "\nquic_backbone_audit_records_lost_total ") {
		t.Error("the lost records are not counted")
	}
	content, err := os.ReadFile(filepath.Join(disk, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for line := range strings.Lines(string(content)) {
		if !json.Valid([]byte(line)) {
			broken++
		}
	}
	if broken > 1 { // the one that was being written
		t.Errorf("%d lines are no records", broken)
	}
}

// clear removes all files of a folder.
func clear(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
