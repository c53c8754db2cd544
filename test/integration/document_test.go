package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// block is a fenced block of docs/http-api.md.
type block struct{ language, text string }

func documentBlocks(t *testing.T) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{match[1], match[2]})
	}
	return blocks
}

// example returns the first block in a language that has words in it.
func example(t *testing.T, language, words string) string {
	t.Helper()
	for _, b := range documentBlocks(t) {
		if b.language == language && strings.Contains(b.text, words) {
			return b.text
		}
	}
	t.Fatalf("the document has no %s with %s", language, words)
	return ""
}

// shell returns a command that runs a script of the document for h.
func (h *hub) shell(ctx context.Context, script string) *exec.Cmd {
	script = strings.ReplaceAll(script, "localhost:8475", strings.TrimPrefix(h.api, "http://"))
	return exec.CommandContext(ctx, "bash", "-c", script)
}

// TestExamplesOfTheAPI runs the commands of the document that have an answer in it,
// one after another.
func TestExamplesOfTheAPI(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl")
	h := startHub(t)
	h.agent("client-001", "-handler", "cat")
	blocks, run := documentBlocks(t), 0
	for i, b := range blocks {
		if b.language != "bash" || !strings.HasPrefix(b.text, "curl -s ") {
			continue
		}
		out, err := h.shell(t.Context(), b.text).Output()
		if err != nil {
			t.Errorf("%s: %v", b.text, err)
		}
		if strings.Contains(b.text, "DELETE") {
			h.answers("client-001", "back", "back")
			continue
		}
		if diff := cmp.Diff(shape(t, []byte(blocks[i+1].text)), shape(t, out)); diff != "" {
			t.Errorf("%s (-document +hub):\n%s", b.text, diff)
		}
		run++
	}
	if run != 6 {
		t.Errorf("%d commands were run", run)
	}
}

// shape decodes a document and replaces what differs from one run to the next.
func shape(t *testing.T, document []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		t.Errorf("%v in %s", err, document)
	}
	return generalize("", value)
}

func generalize(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for k := range v {
			v[k] = generalize(k, v[k])
		}
	case []any:
		for i := range v {
			v[i] = generalize("", v[i])
		}
	case float64:
		return "a number"
	case string:
		if key == "remote_addr" || key == "uptime" || key == "session_id" || key == "msg_id" {
			return "some " + key
		}
	}
	return value
}

// TestExampleOfEvents makes happen what the document shows.
func TestExampleOfEvents(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl")
	h := startHub(t)
	curl := testprocess.Start(t, h.shell(t.Context(), "exec "+example(t, "bash", "/api/events")))
	curl.Await("id: ")
	client := h.library("client-001")
	if _, err := client.SendMessage(t.Context(), &protocol.DataMessage{Type: protocol.MessageType_MESSAGE_TYPE_EVENT}, true, patience); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "DELETE", h.api+"/api/clients/client-001", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	curl.Await("operator")
	general := func(text string) string {
		text = regexp.MustCompile(`"[0-9a-f-]{36}"`).ReplaceAllString(text, "ID")
		return strings.TrimSpace(regexp.MustCompile(`\b\d{13,}\b`).ReplaceAllString(text, "NUMBER"))
	}
	if diff := cmp.Diff(general(example(t, "text", "events follow")), general(curl.Stdout())); diff != "" {
		t.Errorf("-document +hub:\n%s", diff)
	}
}

// TestExampleOfAWebhook lets the program of the document answer, and refuse what it
// has to.
func TestExampleOfAWebhook(t *testing.T) {
	t.Parallel()
	needs(t, "python3", "bash", "openssl")
	const secret = "the key of this test"
	addr := closedPort(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	python := exec.Command("python3", "-c", strings.ReplaceAll(example(t, "python", "hmac"), `("localhost", 8000)`, `("127.0.0.1", `+port+`)`))
	python.Dir = t.TempDir()
	key := filepath.Join(python.Dir, "webhook.key")
	if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hook := testprocess.Start(t, python)
	// It may take some time to start; the hub posts again until it has.
	h := startHub(t, "-webhook", "http://"+addr+"/", "-webhook-secret-file", key)
	sender := run(t, "quic-client", h.clientArgs("käfer 1", "-send", "hello", "-wait-ack")...)
	if sender.Wait() != 0 || sender.Stdout() != "HELLO" {
		t.Errorf("answered %q; %s", sender.Stdout(), sender.Stderr())
	}
	if log := hook.Stderr(); !strings.Contains(log, `"POST / HTTP/1.1" 200`) {
		t.Errorf("the webhook says %s", log)
	}

	other := startHub(t, "-webhook", "http://"+addr+"/", "-webhook-secret", "another key")
	sender = run(t, "quic-client", other.clientArgs("b", "-send", "hello", "-wait-ack")...)
	if sender.Wait() != 1 || !strings.Contains(sender.Stderr(), "the webhook answered 401 Unauthorized: the signature is wrong or old") {
		t.Errorf("with another key: %q; %s", sender.Stdout(), sender.Stderr())
	}
	for age, want := range map[int64]int{0: 200, 3600: 401} {
		if got := postSigned(t, "http://"+addr+"/", python.Dir, age); got != want {
			t.Errorf("what was signed %d s ago is answered with status %d, want %d", age, got, want)
		}
	}
}

// postSigned posts what the command of the document has signed, some seconds ago,
// and returns the status.
func postSigned(t *testing.T, url, dir string, age int64) int {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "payload"), []byte("by hand"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "bash", "-c", `timestamp=$(($(date +%s) - `+strconv.FormatInt(age, 10)+`)); echo $timestamp; id=m-1 type=event sender=a; `+
		example(t, "bash", "openssl dgst"))
	script.Dir = dir
	out, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	timestamp, rest, _ := strings.Cut(string(out), "\n")
	request, err := http.NewRequestWithContext(t.Context(), "POST", url, bytes.NewReader([]byte("by hand")))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Timestamp": timestamp, "Message-Id": "m-1", "Message-Type": "event", "Sender-Id": "a",
		"Signature": "sha256=" + regexp.MustCompile(`[0-9a-f]{64}`).FindString(rest),
	} {
		request.Header.Set("X-Quic-"+name, value)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// needs skips a test of examples where the programs that they use do not exist.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}
