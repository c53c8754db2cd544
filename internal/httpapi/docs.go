package httpapi

import (
	"embed"
	"net/http"
)

// docs are the files of the page that shows /openapi.json.
//
//go:embed docs
var docs embed.FS

// docsPolicy keeps the page from loading anything from elsewhere, whatever is in it.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// addDocs serves the page for people, from files of the program itself.
func addDocs(mux *http.ServeMux) {
	for path, file := range map[string]string{
		"/docs":          "docs/index.html",
		"/docs/docs.css": "docs/docs.css",
		"/docs/docs.js":  "docs/docs.js",
		"/docs/icon.svg": "docs/icon.svg",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", docsPolicy)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Referrer-Policy", "no-referrer")
			w.Header().Set("Cache-Control", "no-cache") // the next version has others
			http.ServeFileFS(w, r, docs, file)
		})
	}
	mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusFound))
}
