package chaos

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/voilet/QuicFlow/internal/certs"
	"github.com/voilet/QuicFlow/internal/testnet"
	"github.com/voilet/QuicFlow/internal/testprocess"
)

// pair is a hub and a client, which are processes, with a bad network between them.
type pair struct {
	t           *testing.T
	certs       string
	hub, client *testprocess.Process
	proxy       *testnet.Proxy
	program     string // that both are
	returned    time.Time
	before      *journal // of a hub before this one
}

// trial is a cell of processes.
type trial struct {
	title
	up, down testnet.Impairment
	short    bool // part of the short run
	ends     bool // the connection does
	may      bool // it may, where a busy machine takes too long to answer
	orderly  bool // but nothing is lost with it
	mute     bool // the hub sends nothing
	dies     bool // a hub does, and what it knew with it
	swings   bool // the clocks of both are set back and forward
	idle     time.Duration
	back     time.Duration
	happens  func(p *pair) // at the first second of the load, which has to last beyond it
	lasts    time.Duration // as long as that takes
	size     int           // of the largest message; 300 if zero
}

func trials() []trial {
	const way = 20 * ms
	calm := func(*pair) {}
	all := []trial{
		{title: title{"loss 5 %", "丢包 5 %"}, short: true, up: testnet.Impairment{Latency: way, Loss: 0.05}, down: testnet.Impairment{Latency: way, Loss: 0.05}, happens: calm},
		{title: title{"loss 20 % to the hub only", "仅发往中心节点方向丢包 20 %"}, up: testnet.Impairment{Latency: way, Loss: 0.2}, happens: calm},
		{title: title{"jitter, 5 % each of duplicates, corruption and loss", "抖动，重复、损坏、丢包各 5 %"}, happens: calm,
			up: testnet.Impairment{Latency: way, Jitter: way, Duplicate: 0.05, Corrupt: 0.05, Loss: 0.05}},
		{title: title{"64 kbit/s", "64 kbit/s"}, up: testnet.Impairment{Bandwidth: 64_000}, down: testnet.Impairment{Bandwidth: 64_000}, happens: calm},
		{title: title{"MTU 1200", "MTU 1200"}, up: testnet.Impairment{MTU: 1200}, down: testnet.Impairment{MTU: 1200}, happens: calm},
		{title: title{"another NAT port each second", "NAT 端口每秒变化"}, short: true, lasts: 3 * s, happens: func(p *pair) {
			for range 3 {
				p.proxy.Rebind()
				time.Sleep(s)
			}
		}},
		{title: title{"the hub's address changes", "中心节点地址变化"}, short: true, lasts: s, happens: func(p *pair) { p.proxy.Redirect(p.at("127.0.0.2")) }},
		{title: title{"the hub drains, another takes over at another address", "中心节点排空，另一个在别的地址接替"}, short: true, ends: true, orderly: true, mute: true,
			lasts: 3 * s, happens: func(p *pair) { p.replaceHub() }},
		{title: title{"hub stopped (SIGSTOP) for 3 s", "中心节点暂停（SIGSTOP）3 s"}, short: true, may: true, lasts: 3 * s, happens: func(p *pair) { p.pause(p.hub, 3*s) }},
		{title: title{"client stopped for 3 s", "客户端暂停 3 s"}, may: true, lasts: 3 * s, happens: func(p *pair) { p.pause(p.client, 3*s) }},
		{title: title{"hub stopped for 5 s, idle timeout 2 s", "中心节点暂停 5 s，空闲超时 2 s"}, lasts: 5 * s, idle: 2 * s, ends: true, back: 3 * s,
			happens: func(p *pair) { p.pause(p.hub, 5*s) }},
		{title: title{"client stopped for 5 s, idle timeout 2 s", "客户端暂停 5 s，空闲超时 2 s"}, lasts: 5 * s, idle: 2 * s, ends: true, back: 3 * s,
			happens: func(p *pair) { p.pause(p.client, 5*s) }},
		{title: title{"blackhole of 4 s, idle timeout 2 s", "黑洞 4 s，空闲超时 2 s"}, short: true, lasts: 4 * s, idle: 2 * s, ends: true, back: 3 * s,
			happens: func(p *pair) { p.darken(4 * s) }},
	}
	all = append(all,
		trial{title: title{"the hub is killed (SIGKILL), and begins anew", "中心节点被强行终止（SIGKILL）后重新启动"}, short: true, ends: true, mute: true, dies: true, back: 3 * s,
			up: testnet.Impairment{Latency: way}, down: testnet.Impairment{Latency: way}, lasts: s, happens: func(p *pair) { p.killHub() }},
		trial{title: title{"clocks set back and forward by two hours, 3 s of blackhole", "时钟来回拨动两小时，黑洞 3 s"}, swings: true, may: true,
			up: testnet.Impairment{Latency: way}, down: testnet.Impairment{Latency: way}, lasts: 4 * s, happens: func(p *pair) { p.darken(3 * s) }})
	const much = 30_000 // fills the congestion window while nothing is acknowledged
	all = append(all, trial{title: title{"blackhole of 4 s, much to send", "黑洞 4 s，大量待发"}, short: true, ends: true, size: much,
		up: testnet.Impairment{Latency: way}, down: testnet.Impairment{Latency: way}, lasts: 4 * s, back: s, happens: func(p *pair) { p.darken(4 * s) }})
	all = append(all, trial{title: title{"hub stopped for 4 s, much to send", "中心节点暂停 4 s，大量待发"}, short: true, may: true, size: much,
		lasts: 4 * s, happens: func(p *pair) { p.pause(p.hub, 4*s) }})
	for _, dark := range []time.Duration{1 * s, 10 * s, 29 * s, 31 * s, 120 * s} {
		b := trial{title: blackholeTitle(dark), may: true, lasts: dark, back: s, happens: func(p *pair) { p.darken(dark) }}
		if dark > idle {
			b.ends, b.back = true, 3*s // the backoff of these clients ends at 2 s
		}
		all = append(all, b)
	}
	return all
}

// TestProcesses runs trials side by side, since they wait most of the time.
func TestProcesses(t *testing.T) {
	var rows []row
	t.Run("all", func(t *testing.T) {
		for _, trial := range trials() {
			rows = append(rows, row{title: trial.title})
		}
		for i, trial := range trials() {
			if !trial.short && !*full {
				continue
			}
			t.Run(trial.en, func(t *testing.T) {
				t.Parallel()
				rows[i].add(trial.run(t)) // nobody else's
				t.Log(documents()[0].line(rows[i]))
			})
		}
	})
	writeTable(t, "processes", rows)
}

func (tr trial) run(t *testing.T) row {
	l := load{Every: 50 * ms, MaxSize: 300, Timeout: patience}
	if tr.size > 0 {
		l.MaxSize = tr.size
	}
	if tr.lasts > 10*s { // a few messages do, and fill no window
		l.Every = 500 * ms
	}
	l.Messages = int((tr.lasts + 3*s) / l.Every)
	p := start(t, tr, l)
	p.client.Await("msg=connected")
	time.Sleep(s) // when it happens does not matter, as long as both are sending
	tr.happens(p)
	p.client.AwaitFor("all have an outcome", patience)
	p.hub.AwaitFor("all have an outcome", patience)
	atClient, atHub := p.end(p.client), p.end(p.hub)
	for n, times := range p.before.Handled {
		atHub.Journal.Handled[n] += times
	}
	want := expectation{messages: l.Messages, stays: !tr.ends && !tr.may || tr.orderly, restarts: tr.dies}
	for _, problem := range compare(atClient.Journal, atHub.Journal, want) {
		t.Errorf("seed %d, to the hub: %s", *seed, problem)
	}
	if tr.mute {
		want.messages = 0
	}
	for _, problem := range compare(atHub.Journal, atClient.Journal, want) {
		t.Errorf("seed %d, from the hub: %s", *seed, problem)
	}
	if n := atClient.Reconnects; !tr.ends && !tr.may && n > 0 {
		t.Errorf("the client had to reconnect %d times", n)
	}
	r := newRow(p.returned, atClient.Journal, atHub.Journal)
	r.reconnects = int(atClient.Reconnects)
	if tr.swings && (!swung(atClient.Journal) || !swung(atHub.Journal)) {
		t.Error("the clocks were not set back: the cell is not what it says")
	}
	if tr.ends && r.reconnects == 0 {
		t.Error("the connection has not ended: the cell is not what it says")
	}
	if tr.back > 0 && r.recovery > tr.back+grace {
		t.Errorf("acknowledged %v after the network was back, want %v at most", r.recovery, tr.back)
	}
	return r
}

// grace is what a machine that is busy with other things may need more.
const grace = 10 * s

func start(t *testing.T, tr trial, l load) *pair {
	t.Helper()
	p := &pair{t: t, certs: t.TempDir(), before: newJournal(), program: os.Args[0]}
	if tr.swings {
		p.program = withSwingingClock(t)
	}
	if _, err := certs.Create(certs.Options{Dir: p.certs}); err != nil {
		t.Fatal(err)
	}
	p.hub = p.process(job{Hub: true, Addr: ":0", Load: l.unless(tr.mute), Idle: tr.idle, Aloud: tr.dies})
	p.proxy = testnet.NewProxy(t, p.at("127.0.0.1"))
	tr.up.Seed, tr.down.Seed = *seed, *seed
	p.proxy.Impair(tr.up, tr.down)
	p.client = p.process(job{Addr: p.proxy.Addr(), Load: l, Idle: tr.idle, Heartbeat: tr.idle / 4})
	return p
}

// at returns the hub's address at one of the addresses of the loopback interface.
func (p *pair) at(host string) string {
	_, port, err := net.SplitHostPort(p.hub.Addr("msg=listening"))
	if err != nil {
		p.t.Fatal(err)
	}
	return net.JoinHostPort(host, port)
}

func (p *pair) process(j job) *testprocess.Process {
	p.t.Helper()
	j.Certs = p.certs
	text, err := json.Marshal(j)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(p.program)
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text), "GORACE=atexit_sleep_ms=0")
	return testprocess.Start(p.t, cmd)
}

// end ends a process in order and returns its history.
func (p *pair) end(process *testprocess.Process) (s said) {
	p.t.Helper()
	if code := process.Stop(); code != 0 {
		p.t.Fatalf("exit code %d", code)
	}
	_, text, _ := strings.Cut(process.Stdout(), saidMark)
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		p.t.Fatalf("%v in %q", err, text)
	}
	return s
}

// killHub kills the hub, and starts another one at the same address as far as the client
// can see.
func (p *pair) killHub() {
	p.hub.Kill()
	for line := range strings.Lines(p.hub.Stdout()) {
		if number, ok := strings.CutPrefix(line, handledMark); ok {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil {
				p.t.Fatal(err)
			}
			p.before.Handled[n]++
		}
	}
	p.hub = p.process(job{Hub: true, Addr: ":0"})
	p.proxy.Redirect(p.at("127.0.0.1"))
	p.returned = time.Now()
}

// replaceHub starts another hub, stops the first one in order, and has the network lead to
// the other.
func (p *pair) replaceHub() {
	other := p.process(job{Hub: true, Addr: ":0"})
	p.before = p.end(p.hub).Journal
	p.hub = other
	p.proxy.Redirect(p.at("127.0.0.1"))
}

func (p *pair) pause(process *testprocess.Process, d time.Duration) {
	process.Signal(syscall.SIGSTOP)
	time.Sleep(d)
	process.Signal(syscall.SIGCONT)
	p.returned = time.Now()
}

func (p *pair) darken(d time.Duration) {
	p.proxy.Blackhole(true)
	time.Sleep(d)
	p.proxy.Blackhole(false)
	p.returned = time.Now()
}
