package monitoring_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/pkg/monitoring"
	"github.com/voilet/QuicFlow/pkg/transport/client"
	"github.com/voilet/QuicFlow/pkg/transport/server"
)

// A hub that tells what happens, and serves its metrics.
func Example() {
	certs, remove := testnet.Certificates()
	defer remove()
	ctx := context.Background()

	var told []string // hooks are called one after another
	srv, err := server.NewServer(&server.ServerConfig{
		TLSCertFile: certs + "/server.crt",
		TLSKeyFile:  certs + "/server.key",
		Hooks: &monitoring.EventHooks{
			OnConnect: func(clientID string) { told = append(told, "connected: "+clientID) },
			OnDisconnect: func(clientID string, err error) {
				told = append(told, fmt.Sprint("disconnected: ", clientID, " ", err))
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	operator := monitoring.NewHandler(monitoring.HandlerOptions{Metrics: srv.Registry(), Ready: srv.Ready})
	get := func(path string) string { // as over HTTP, from http.ListenAndServe("127.0.0.1:9090", operator)
		w := httptest.NewRecorder()
		operator.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Body.String()
	}
	fmt.Print(get("/readyz"))
	if err := srv.Start("127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	fmt.Print(get("/readyz"))

	c, err := client.NewClient(&client.ClientConfig{ClientID: "client-001", TLSCAFile: certs + "/ca.crt"})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(srv.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(get("/metrics")) {
		if strings.HasPrefix(line, "quic_backbone_connected_clients ") {
			fmt.Print(line)
		}
	}
	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
	if err := srv.Stop(ctx); err != nil { // hooks have run when it returns
		log.Fatal(err)
	}
	fmt.Println(strings.Join(told, "\n"))
	fmt.Println("sessions in all:", srv.GetMetrics().Connections)

	// Output:
	// not_connected: the hub does not listen yet
	// ok
	// quic_backbone_connected_clients 1
	// connected: client-001
	// disconnected: client-001 <nil>
	// sessions in all: 1
}
