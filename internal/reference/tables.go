package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/voilet/QuicFlow/internal/settings"
	"github.com/voilet/QuicFlow/pkg/monitoring"
)

// reference makes tables in one language.
type reference struct {
	root     string
	language language
	missing  []string                        // texts without a translation
	programs map[string]settings.Description // those that were asked
}

func newReference(root string, l language) *reference {
	return &reference{root: root, language: l, programs: map[string]settings.Description{}}
}

// tables returns what makes each table, by its name.
func (r *reference) tables() map[string]func() (string, error) {
	return map[string]func() (string, error){
		"metrics": func() (string, error) {
			return r.metrics(monitoring.NewRegistry(monitoring.NewMetrics(nil)))
		},
		"alerts": func() (string, error) {
			return r.alerts(filepath.Join(r.root, "deploy", "prometheus", "alerts.yml"))
		},
		"codes":         r.codes,
		"endpoints":     r.endpoints,
		"problems":      r.problems,
		"server-flags":  func() (string, error) { return r.flags("server") },
		"client-flags":  func() (string, error) { return r.flags("client") },
		"ctl-commands":  func() (string, error) { return r.commands("ctl") },
		"ctl-flags":     func() (string, error) { return r.commandFlags("ctl") },
		"server-config": func() (string, error) { return r.config("server", "ServerConfig") },
		"client-config": func() (string, error) { return r.config("client", "ClientConfig") },
	}
}

// table returns the table with this name.
func (r *reference) table(name string) (string, error) {
	build, ok := r.tables()[name]
	if !ok {
		return "", fmt.Errorf("there is no table %q", name)
	}
	return build()
}

// row returns a line of a table. A bar within a cell would end it.
func row(cells ...string) string {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// head returns the first two lines of a table.
func (r *reference) head(columns ...string) string {
	for i, column := range columns {
		columns[i] = r.text(column)
	}
	return row(columns...) + strings.Repeat("|---", len(columns)) + "|\n"
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
