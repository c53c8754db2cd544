package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
)

// TestNamesOfOthersAreRefused: a browser takes a page of a name that was made to
// lead to the hub for one of the API's own.
func TestNamesOfOthersAreRefused(t *testing.T) {
	api := httpapi.NewHandler(&testhub.Hub{}, httpapi.Options{Hosts: []string{"Hub.example.com"}})
	for host, want := range map[string]int{
		"127.0.0.1:8475":            http.StatusOK,
		"127.0.0.1":                 http.StatusOK,
		"[::1]:8475":                http.StatusOK,
		"[::1]":                     http.StatusOK,
		"192.0.2.7:8475":            http.StatusOK,
		"localhost:8475":            http.StatusOK,
		"LOCALHOST":                 http.StatusOK,
		"hub.example.com:8475":      http.StatusOK,
		"evil.example:8475":         http.StatusMisdirectedRequest,
		"evil.example":              http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example":    http.StatusMisdirectedRequest,
		"localhost.evil.example":    http.StatusMisdirectedRequest,
		"a.hub.example.com":         http.StatusMisdirectedRequest,
		"2130706433:8475":           http.StatusMisdirectedRequest,
		"":                          http.StatusMisdirectedRequest,
		"127.0.0.1@evil.example:80": http.StatusMisdirectedRequest,
	} {
		request := httptest.NewRequest("GET", "/health", nil)
		request.Host = host
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, request)
		if w.Code != want {
			t.Errorf("host %q: status %d, want %d", host, w.Code, want)
		}
		if w.Code == http.StatusOK {
			continue
		}
		var p httpapi.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != "invalid_argument" || !strings.Contains(p.Detail, "use its IP address or localhost") {
			t.Errorf("host %q: %v, %+v", host, err, p)
		}
	}
}
