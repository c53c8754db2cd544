package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/voilet/QuicFlow/internal/httpapi"
)

// document is what the tables need of an OpenAPI document.
type document struct {
	Paths map[string]map[string]struct {
		Summary   string
		Responses map[string]struct{ Description string }
	}
}

// describeAPI returns the HTTP API's own description.
func describeAPI() (d document, err error) {
	w := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "http://localhost/openapi.json", nil)
	httpapi.NewHandler(nil, httpapi.Options{}).ServeHTTP(w, request)
	return d, json.Unmarshal(w.Body.Bytes(), &d)
}

// endpoints returns a table of what the HTTP API has.
func (r *reference) endpoints() (string, error) {
	d, err := describeAPI()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(r.head("request", "what it does", "errors"))
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			operation := d.Paths[path][method]
			errors := slices.DeleteFunc(slices.Sorted(maps.Keys(operation.Responses)), func(status string) bool { return !isError(status) })
			out.WriteString(row(code(strings.ToUpper(method)+" "+path), r.text(operation.Summary), r.list(errors)))
		}
	}
	return out.String(), nil
}
