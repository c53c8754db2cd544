package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/voilet/QuicFlow/internal/testprocess"
)

// alert is one of the rules of deploy/prometheus/alerts.yml.
type alert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	var rules struct{ Groups []struct{ Rules []alert } }
	if err := yaml.Unmarshal([]byte(shipped(t, "prometheus/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	var alerts []alert
	for _, group := range rules.Groups {
		alerts = append(alerts, group.Rules...)
	}
	return alerts
}

// TestAlerts sees that whoever is called by an alert is told what to do, and that
// each has a test in which it fires.
func TestAlerts(t *testing.T) {
	t.Parallel()
	tests := shipped(t, "prometheus/alerts_test.yml")
	for _, a := range readAlerts(t) {
		if !strings.HasPrefix(a.Alert, "QuicBackbone") || a.For == "" || a.Labels["severity"] != "critical" && a.Labels["severity"] != "warning" {
			t.Errorf("alert %q: for %q, labels %v", a.Alert, a.For, a.Labels)
		}
		for _, annotation := range []string{"summary", "description", "action"} {
			if a.Annotations[annotation] == "" {
				t.Errorf("%s has no %s", a.Alert, annotation)
			}
		}
		fires := fmt.Sprintf(`ALERTS\{alertname="%[1]s", alertstate="firing"|alertname: %[1]s\n\s+eval_time: \w+\n\s+exp_alerts:`, a.Alert)
		if !regexp.MustCompile(fires).MatchString(tests) {
			t.Errorf("there is no test in which %s fires", a.Alert)
		}
	}
}

// TestPromtool has promtool check what is in deploy/prometheus.
func TestPromtool(t *testing.T) {
	t.Parallel()
	promtool := need(t, "promtool")
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"check", "rules", "alerts.yml"},
		{"test", "rules", "alerts_test.yml"},
	} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = filepath.Join("..", "..", "deploy", "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestMetrics sees that promtool finds nothing wrong with the metrics of a hub but
// the four whose names were given, and that there are all metrics that alerts, the
// dashboard and their documents speak of.
func TestMetrics(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	_, metrics := testprocess.Get(t, "http://"+h.Addr("monitoring listening")+"/metrics")
	t.Run("promtool", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), need(t, "promtool"), "check", "metrics")
		cmd.Stdin = strings.NewReader(metrics)
		out, err := cmd.CombinedOutput() // fails if it has something to say
		var want []string
		for _, name := range []string{"average", "p50", "p95", "p99"} {
			want = append(want, `quic_backbone_latency_`+name+`_milliseconds use base unit "seconds" instead of "milliseconds"`)
		}
		if got := slices.Sorted(strings.Lines(string(out))); strings.Join(got, "") != strings.Join(want, "\n")+"\n" {
			t.Errorf("%v:\n%s", err, out)
		}
	})
	there := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)`).FindAllStringSubmatch(metrics, -1) {
		there[match[1]] = true
		if match[2] == "histogram" || match[2] == "summary" {
			there[match[1]+"_bucket"], there[match[1]+"_sum"], there[match[1]+"_count"] = true, true, true
		}
	}
	names := regexp.MustCompile(`\b(quic_backbone|go|process)_[a-z0-9_]+\b`)
	for _, file := range []string{"prometheus/alerts.yml", "prometheus/alerts_test.yml", "grafana/quic-backbone.json", "../docs/prometheus.md"} {
		used := names.FindAllString(shipped(t, file), -1)
		if len(used) == 0 {
			t.Errorf("%s speaks of no metric", file)
		}
		for _, name := range used {
			if !there[name] {
				t.Errorf("%s speaks of %s, which a hub does not have", file, name)
			}
		}
	}
}
