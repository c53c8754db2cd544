package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/httpapi"
)

type demo struct {
	*screen
	ctx       context.Context // of the whole demonstration
	bin, dir  string          // the programs, and a folder for everything else
	processes []*process
	hub       *process
	clients   []*process
}

func (d *demo) play() {
	begun := time.Now()
	d.step("Certificates for this demonstration")
	_, err := certs.Create(certs.Options{Dir: filepath.Join(d.dir, "certs")})
	check(err)
	d.line("as quic-ctl certs makes them", "a CA, a hub's, a client's", begun)

	d.step("A hub starts")
	addr, api := d.startHub("127.0.0.1:0")

	d.step("Three clients connect, each with a program that answers messages")
	for i, handler := range []string{"tr a-z A-Z", "wc -w", "cat missing"} {
		d.startClient(addr, fmt.Sprint("client-00", i+1), handler)
	}
	d.note("So that you need not wait below, they look for the hub every 0.2 s, not every 15 s,")
	d.note("and try again within 0.4 s, not within a minute.")

	d.step("A script asks the hub")
	asked := time.Now()
	answer, err := d.command("quic-client", "-server", addr, "-id", "a-script", "-send", "hello", "-wait-ack").Output()
	check(err)
	d.answered("quic-client -send hello -wait-ack", "HELLO", string(answer), asked)

	d.step("An operator sees who is there, and asks them through the hub")
	asked = time.Now()
	list, _ := d.ctl(api, 0, "list")
	d.line("quic-ctl list", "", asked)
	for line := range strings.Lines(list) {
		d.note(strings.TrimSpace(line))
	}
	d.askClients(api)

	d.step("The operator tells everybody at once")
	d.broadcast(api)

	d.step("The hub is killed and started again; nobody touches the clients")
	killed := time.Now()
	check(d.hub.Process.Kill())
	<-d.hub.done
	d.line("kill -9", "the hub is gone", killed)
	_, api = d.startHub(addr)
	for _, p := range d.clients {
		d.logged(p, "msg=connected", 2)
		d.line("since the kill", p.name+" is back", killed)
	}

	d.step("All goes on as before")
	d.askClients(api)
	fmt.Printf("\nDone in %.1f s. For a hub of your own: ./scripts/gen-certs.sh && ./bin/quic-server,\n"+
		"then ./bin/quic-client -id client-001 in another terminal. README.md goes on from there.\n", time.Since(begun).Seconds())
}

func (d *demo) startHub(on string) (addr, api string) {
	begun := time.Now()
	d.hub = d.start("the hub", "quic-server", "-addr", on, "-api", "127.0.0.1:0", "-handler", "tr a-z A-Z")
	addr, api = d.logged(d.hub, `msg=listening addr=(\S+)`, 1), d.logged(d.hub, `HTTP API listening" addr=(\S+)`, 1)
	d.line("quic-server -handler 'tr a-z A-Z'", "listens at "+addr, begun)
	return addr, api
}

func (d *demo) startClient(addr, id, handler string) {
	begun := time.Now()
	p := d.start(id, "quic-client", "-server", addr, "-id", id, "-handler", handler, "-log-level", "debug",
		"-heartbeat-interval", "200ms", "-initial-backoff", "100ms", "-max-backoff", "400ms")
	d.logged(p, "msg=connected", 1)
	d.clients = append(d.clients, p)
	d.line(fmt.Sprintf("quic-client -handler '%s'", handler), id+" is connected", begun)
}

func (d *demo) askClients(api string) {
	for i, q := range []struct {
		question, answer string
		code             int
	}{
		{"in capitals, please", "IN CAPITALS, PLEASE", 0},
		{"how many words are these", "5", 0},
		{"this cannot work", "exit code 1", 1},
	} {
		begun, id := time.Now(), d.clients[i].name
		answer, failure := d.ctl(api, q.code, "send", "-client", id, "-payload", q.question, "-wait-ack")
		if q.code != 0 {
			answer = fmt.Sprint("exit code ", q.code)
		}
		d.answered(id+": "+q.question, q.answer, answer, begun)
		if failure != "" {
			d.note(failure)
		}
	}
}

// answered writes a line, and ends the demonstration if the answer is wrong.
func (d *demo) answered(question, want, got string, begun time.Time) {
	d.line(question, got, begun)
	if strings.TrimSpace(got) != want {
		panic(fmt.Sprintf("the answer should have been %q", want))
	}
}

func (d *demo) broadcast(api string) {
	begun := time.Now()
	var reply httpapi.BroadcastReply
	out, _ := d.ctl(api, 0, "broadcast", "-payload", `{"event":"update"}`, "-json")
	check(json.Unmarshal([]byte(out), &reply))
	for _, p := range d.clients {
		d.logged(p, "msg_id="+reply.MsgID, 1)
	}
	d.line("quic-ctl broadcast", fmt.Sprintf("reached %d of %d", reply.SuccessCount, reply.Total), begun)
}

// ctl returns what quic-ctl prints, and what it says about a failure. It must exit
// with code.
func (d *demo) ctl(api string, code int, args ...string) (out, failure string) {
	cmd := d.command("quic-ctl", append([]string{"-api", api}, args...)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		panic(err)
	}
	out, failure = strings.TrimSpace(stdout.String()), strings.TrimSpace(stderr.String())
	if cmd.ProcessState.ExitCode() != code {
		panic(fmt.Sprintf("quic-ctl %s: %v: %s", args[0], err, failure))
	}
	return out, failure
}
