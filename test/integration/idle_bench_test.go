package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testprocess"
	"github.com/voilet/QuicFlow/pkg/transport/client"
)

// BenchmarkIdleClients connects clients to a hub of its own process, leaves them alone
// for two heartbeats, and reports what each costs the hub. docs/deployment.md has the
// figures. It is rough: the system counts memory by pages, and Go keeps some in reserve.
func BenchmarkIdleClients(b *testing.B) {
	const clients, quiet = 2000, 30 * time.Second
	for b.Loop() {
		hub := testprocess.Start(b, exec.Command(filepath.Join(built.bin, "quic-server"), "-addr", "127.0.0.1:0", "-api=", "-metrics", "127.0.0.1:0",
			"-cert", filepath.Join(built.certs, certs.ServerCertFile), "-key", filepath.Join(built.certs, certs.ServerKeyFile)))
		addr, metrics := hub.Addr("msg=listening"), "http://"+hub.Addr("monitoring listening")+"/metrics"
		before := measureHub(b, metrics)
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		socket := client.NewSocket(pc)
		defer socket.Close()
		atOnce, cancel := context.WithCancel(b.Context())
		cancel()
		for i := range clients {
			c, err := client.NewClient(&client.ClientConfig{
				ClientID: fmt.Sprint("client-", i), TLSCAFile: filepath.Join(built.certs, certs.CACertFile), Socket: socket,
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := c.Connect(addr); err != nil {
				b.Fatal(err)
			}
			defer c.Close(atOnce)
		}
		connected := measureHub(b, metrics)
		time.Sleep(quiet)
		after := measureHub(b, metrics)
		b.ReportMetric((after["process_resident_memory_bytes"]-before["process_resident_memory_bytes"])/clients/1000, "RSS-KB/client")
		b.ReportMetric((after["go_memstats_heap_inuse_bytes"]+after["go_memstats_stack_inuse_bytes"]-
			before["go_memstats_heap_inuse_bytes"]-before["go_memstats_stack_inuse_bytes"])/clients/1000, "heap+stack-KB/client")
		b.ReportMetric((connected["process_cpu_seconds_total"]-before["process_cpu_seconds_total"])*1e6/clients, "cpu-µs/connect")
		b.ReportMetric((after["process_cpu_seconds_total"]-connected["process_cpu_seconds_total"])*1e6/clients/quiet.Seconds(), "cpu-µs/client/s")
		b.ReportMetric((after["process_open_fds"]-before["process_open_fds"])/clients, "files/client")
	}
}

// measureHub reads the metrics of a hub.
func measureHub(b *testing.B, url string) map[string]float64 {
	b.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := c.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		b.Fatal(err)
	}
	found := map[string]float64{}
	for _, match := range regexp.MustCompile(`(?m)^(\w+) (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		found[match[1]], err = strconv.ParseFloat(match[2], 64)
		if err != nil {
			b.Fatal(err)
		}
	}
	return found
}
