package hosts_test

import (
	"net/http/httptest"
	"testing"

	"github.com/voilet/QuicFlow/internal/hosts"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestAllowed(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:9090": true, "127.0.0.1": true, "127.0.0.1:9090": true, "[::1]:9090": true, "192.0.2.7": true,
		"hub.example": true, "HUB.example:9090": true,
		"evil.example": false, "evil.example:9090": false, "localhost.evil.example": false, "": false, "127.0.0.1.evil.example": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if _, ok := hosts.Allowed(r, "hub.example"); ok != want {
			t.Errorf("%q: %v, want %v", host, ok, want)
		}
	}
}
