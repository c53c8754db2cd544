package testprocess

import (
	"io"
	"net/http"
	"testing"
)

// Get returns the status and the body of a page that a program serves.
func Get(t testing.TB, url string) (code int, body string) {
	t.Helper()
	return Call(t, http.MethodGet, url)
}

// Call is Get with another method.
func Call(t testing.TB, method, url string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // leave no goroutine behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
