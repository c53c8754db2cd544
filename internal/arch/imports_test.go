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

// checkConfined returns a problem for each import of p that only others may have.
func checkConfined(p pkg) []string {
	var problems []string
	for _, imported := range p.imports() {
		for _, c := range confined {
			if within(imported, c.library+"/...") && !slices.Contains(c.importers, p.path) {
				problems = append(problems, fmt.Sprintf("%s imports %s: only %s does, outside tests", p.path, imported, c.importers[0]))
			}
		}
	}
	return problems
}
