package main

import (
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// alerts returns a table with a line for each alert in a file of rules of
// Prometheus.
func (r *reference) alerts(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Load(text, &rules); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	var out strings.Builder
	out.WriteString(r.head("alert", "severity", "fires when, for how long", "which means", "what to do first"))
	for _, group := range rules.Groups {
		for _, a := range group.Rules {
			when := code(strings.Join(strings.Fields(a.Expr), " "))
			if a.For != "0m" {
				when += ", " + a.For
			}
			out.WriteString(row(code(a.Alert), r.text(a.Labels["severity"]), when, r.text(a.Annotations["description"]), r.text(a.Annotations["action"])))
		}
	}
	return out.String(), nil
}
