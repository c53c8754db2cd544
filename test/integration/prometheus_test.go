package integration

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// scrapeInterval is how often the Prometheus of the tests scrapes and evaluates
// its rules.
const scrapeInterval = "200ms"

// prometheus is a Prometheus that watches over a hub with the configuration that
// we ship.
type prometheus struct {
	*testprocess.Process
	t   *testing.T
	url string
}

// need returns the path of a program that make test-integration sees to. Without
// it, a test is skipped where a person runs it.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%v: ./scripts/install-test-tools.sh says why", err)
	default:
		t.Skipf("%v: ./scripts/install-test-tools.sh installs it or says what to do", err)
	}
	return ""
}

// startPrometheus starts a Prometheus that scrapes the hub.
func startPrometheus(t *testing.T, target string) *prometheus {
	t.Helper()
	program := need(t, "prometheus")
	dir := t.TempDir()
	config := shipped(t, "prometheus/prometheus.yml")
	config = replace(t, config, `127\.0\.0\.1:9090`, target)
	config = replace(t, config, `_interval: 15s`, "_interval: "+scrapeInterval)
	write(t, filepath.Join(dir, "prometheus.yml"), config)
	write(t, filepath.Join(dir, "alerts.yml"), replace(t, shipped(t, "prometheus/alerts.yml"), `\bfor: \S+`, "for: 1s"))
	p := testprocess.Start(t, exec.Command(program,
		"--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0"))
	t.Cleanup(func() { p.Stop() }) // so that it writes no more while its folder is removed
	p.Await("Server is ready")
	_, addr, _ := strings.Cut(p.Await(`msg="Listening on"`), "address=")
	addr, _, _ = strings.Cut(addr, " ")
	return &prometheus{p, t, "http://" + addr}
}

// shipped returns a file of deploy/.
func shipped(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replace replaces what there has to be.
func replace(t *testing.T, text, pattern, with string) string {
	t.Helper()
	replaced := regexp.MustCompile(pattern).ReplaceAllLiteralString(text, with)
	if replaced == text {
		t.Fatalf("there is no %s in\n%s", pattern, text)
	}
	return replaced
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sample is a value of an expression.
type sample struct {
	labels map[string]string
	value  float64
}

// ask makes a request of Prometheus' API and decodes the data of the answer.
func (p *prometheus) ask(path string, args url.Values, data any) {
	p.t.Helper()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	page := p.url + "/api/v1/" + path + "?" + args.Encode()
	_, text := testprocess.Get(p.t, page)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Status != "success" {
		p.t.Fatalf("%s: %v, %s", page, err, answer.Error)
	}
}

// eval returns the values that an expression has now.
func (p *prometheus) eval(expr string) []sample {
	p.t.Helper()
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any // the time, and the value as text
		}
	}
	p.ask("query", url.Values{"query": {expr}}, &data)
	var samples []sample
	for _, r := range data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			p.t.Fatalf("%s: %v", expr, err)
		}
		samples = append(samples, sample{r.Metric, value})
	}
	return samples
}

// number waits until a value of an expression is a number, and returns it.
func (p *prometheus) number(expr string) sample {
	p.t.Helper()
	var found []sample
	eventually(p.t, expr+" is a number", func() bool {
		found = slices.DeleteFunc(p.eval(expr), func(s sample) bool { return math.IsNaN(s.value) || math.IsInf(s.value, 0) })
		return len(found) > 0
	})
	return found[0]
}
