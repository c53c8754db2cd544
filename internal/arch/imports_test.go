package arch

import (
	"fmt"
	"slices"
	"strings"
)

// checkLayers returns what is wrong with the imports of p among our own packages.
func checkLayers(p pkg) []string {
	own := slices.IndexFunc(layers, func(l layer) bool { return within(p.path, l.path) })
	if own < 0 {
		return []string{fmt.Sprintf("%s has no layer: add it to layers in %s, where its imports allow", p.path, rulesFile)}
	}
	var problems []string
	for _, imported := range p.imports() {
		target, ours := strings.CutPrefix(imported, module+"/")
		if ours && !mayImport(own, target) {
			problems = append(problems, fmt.Sprintf("%s imports %s, which lies in a layer that it may not use: see layers in %s", p.path, target, rulesFile))
		}
	}
	return problems
}

// mayImport reports whether packages of the layer with this index may import target.
func mayImport(own int, target string) bool {
	return slices.ContainsFunc(layers[own].may, func(allowed string) bool {
		if allowed == above {
			return slices.ContainsFunc(layers[:own], func(l layer) bool { return within(target, l.path) })
		}
		return within(target, allowed)
	})
}

// within reports whether the package at path is meant by pattern.
func within(path, pattern string) bool {
	folder, all := strings.CutSuffix(pattern, "/...")
	return path == folder || all && strings.HasPrefix(path, folder+"/")
}

// checkQUIC returns a problem when p imports quic-go and may not.
func checkQUIC(p pkg) []string {
	if slices.Contains(quicGoImporters, p.path) {
		return nil
	}
	var problems []string
	for _, imported := range p.imports() {
		if within(imported, quicGo+"/...") {
			problems = append(problems, fmt.Sprintf("%s imports %s: only internal/quicnet does, outside tests", p.path, imported))
		}
	}
	return problems
}
