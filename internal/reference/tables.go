package main

import (
	"fmt"
	"path/filepath"
	"slices"
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

// table returns the table with this name.
func (r *reference) table(name string) (string, error) {
	subject, kind, _ := strings.Cut(name, "-")
	switch {
	case name == "metrics":
		return r.metrics(monitoring.NewRegistry(monitoring.NewMetrics(nil)))
	case name == "alerts":
		return r.alerts(filepath.Join(r.root, "deploy", "prometheus", "alerts.yml"))
	case name == "codes":
		return r.codes()
	case name == "endpoints":
		return r.endpoints()
	case name == "problems":
		return r.problems()
	case kind == "flags" && slices.Contains([]string{"server", "client"}, subject):
		return r.flags(subject)
	case name == "ctl-commands":
		return r.commands("ctl")
	case name == "ctl-flags":
		return r.commandFlags("ctl")
	case name == "server-config":
		return r.config("server", "ServerConfig")
	case name == "client-config":
		return r.config("client", "ClientConfig")
	default:
		return "", fmt.Errorf("there is no table %q", name)
	}
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
