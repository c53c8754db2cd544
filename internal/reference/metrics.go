package main

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// metrics returns a table with a line for each metric of a server or client that
// has done nothing yet.
func (r *reference) metrics(g prometheus.Gatherer) (string, error) {
	families, err := g.Gather()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(r.head("metric", "type", "labels", "meaning"))
	for _, f := range families {
		out.WriteString(row(code(f.GetName()), r.text(strings.ToLower(f.GetType().String())), labels(f), r.text(f.GetHelp())))
	}
	return out.String(), nil
}

// labels returns the labels of a metric with their values.
func labels(f *dto.MetricFamily) string {
	var names []string
	values := map[string][]string{}
	for _, m := range f.Metric {
		for _, pair := range m.Label {
			name := pair.GetName()
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			if !slices.Contains(values[name], code(pair.GetValue())) {
				values[name] = append(values[name], code(pair.GetValue()))
			}
		}
	}
	var out []string
	for _, name := range names {
		out = append(out, code(name)+": "+strings.Join(values[name], ", "))
	}
	return strings.Join(out, "; ")
}
