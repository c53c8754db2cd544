package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/voilet/QuicFlow/internal/testhub"
)

func TestDocument(t *testing.T) {
	var raw json.RawMessage
	api := serve(t, &testhub.Hub{})
	header := call(t, api, "GET", "/openapi.json", "", http.StatusOK, &raw)
	if kind := header.Get("Content-Type"); kind != "application/openapi+json" {
		t.Errorf("the content type is %q", kind)
	}
	if strings.Contains(string(raw), "http://") || strings.Contains(string(raw), "https://") {
		t.Errorf("the document names another host: %s", raw)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary   string
			Tags      []string
			Responses map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1.") {
		t.Errorf("the document is in OpenAPI %s", document.OpenAPI)
	}
	got := map[string][]string{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if len(operation.Tags) != 1 || operation.Summary == "" {
				t.Errorf("%s %s has the tags %q and the summary %q", method, path, operation.Tags, operation.Summary)
			}
			var statuses []string
			for status, response := range operation.Responses {
				statuses = append(statuses, status)
				_, problem := response.Content["application/problem+json"]
				if problem != (status[0] != '2') {
					t.Errorf("%s %s, status %s: the content is %v", method, path, status, response.Content)
				}
			}
			slices.Sort(statuses)
			got[method+" "+path] = statuses
		}
	}
	want := map[string][]string{
		"get /health":                   {"200", "500"},
		"get /api/clients":              {"200", "422", "500"},
		"get /api/clients/{id}":         {"200", "404", "500"},
		"delete /api/clients/{id}":      {"204", "404", "500"},
		"put /api/clients/{id}/qlog":    {"200", "404", "409", "500", "504"},
		"delete /api/clients/{id}/qlog": {"204", "404", "500", "504"},
		"post /api/send":                {"200", "400", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503", "504"},
		"get /api/events":               {"200", "422", "429", "500", "503"},
		"post /api/broadcast":           {"200", "400", "408", "413", "415", "422", "429", "500", "503"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
