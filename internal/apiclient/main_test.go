package apiclient_test

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/apiclient"
	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func newClient(t testing.TB, api string) *apiclient.Client {
	t.Helper()
	c, err := apiclient.New(api, apiclient.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
