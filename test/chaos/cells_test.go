package chaos

import (
	"fmt"
	"time"

	"github.com/voilet/QuicFlow/internal/testnet"
)

// title is the name of a cell, in English and in Chinese.
type title struct{ en, zh string }

// cell is one bad network in virtual time.
type cell struct {
	title
	up, down testnet.Impairment
	load     load
	ends     bool // the connection may end
	happens  func(w *world)
	back     time.Duration // the first message is acknowledged so soon after the network is back, or an attempt has failed that was under way then
}

const (
	ms = time.Millisecond
	s  = time.Second
)

// patience is a time that is long enough for any message.
const patience = 10 * time.Minute

func usual() load { return load{Messages: 200, Every: 100 * ms, MaxSize: 3000, Timeout: patience} }

func cells() (all []cell) {
	for _, loss := range []int{0, 1, 5, 10, 20} {
		for _, rtt := range []time.Duration{0, 40 * ms, 100 * ms, 300 * ms} {
			all = append(all, both(title{fmt.Sprintf("loss %d %%, RTT %d ms", loss, rtt.Milliseconds()), fmt.Sprintf("丢包 %d %%，RTT %d ms", loss, rtt.Milliseconds())},
				testnet.Impairment{Latency: max(rtt/2, 1), Loss: float64(loss) / 100}))
		}
	}
	const rtt = 20 * ms // one way
	all = append(all,
		both(title{"jitter of 100 ms", "抖动 100 ms"}, testnet.Impairment{Latency: rtt, Jitter: 100 * ms}),
		both(title{"20 % overtaken", "20 % 乱序"}, testnet.Impairment{Latency: rtt, Reorder: 0.2}),
		both(title{"20 % duplicated", "20 % 重复"}, testnet.Impairment{Latency: rtt, Duplicate: 0.2}),
		both(title{"5 % corrupted", "5 % 损坏"}, testnet.Impairment{Latency: rtt, Corrupt: 0.05}),
		both(title{"all of these, and 5 % loss", "以上全部，另加 5 % 丢包"},
			testnet.Impairment{Latency: rtt, Jitter: 50 * ms, Loss: 0.05, Duplicate: 0.05, Corrupt: 0.02}),
		cell{title: title{"loss 20 % to the hub only", "仅发往中心节点方向丢包 20 %"}, load: usual(),
			up: testnet.Impairment{Latency: rtt, Loss: 0.2}, down: testnet.Impairment{Latency: rtt}},
		cell{title: title{"loss 20 % from the hub only", "仅来自中心节点方向丢包 20 %"}, load: usual(),
			up: testnet.Impairment{Latency: rtt}, down: testnet.Impairment{Latency: rtt, Loss: 0.2}},
		narrow(both(title{"64 kbit/s", "64 kbit/s"}, testnet.Impairment{Latency: rtt, Bandwidth: 64_000})),
		narrow(both(title{"64 kbit/s, loss 5 %", "64 kbit/s，丢包 5 %"}, testnet.Impairment{Latency: rtt, Bandwidth: 64_000, Loss: 0.05})),
		both(title{"MTU 1200", "MTU 1200"}, testnet.Impairment{Latency: rtt, MTU: 1200}),
		rebinding(both(title{"another NAT port every 3 s", "NAT 端口每 3 s 变化"}, testnet.Impairment{Latency: rtt})),
		rebinding(both(title{"another NAT port every 3 s, loss 5 %", "NAT 端口每 3 s 变化，丢包 5 %"}, testnet.Impairment{Latency: rtt, Loss: 0.05})),
	)
	for _, dark := range []time.Duration{1 * s, 10 * s, 29 * s, 31 * s, 120 * s} {
		all = append(all, blackhole(blackholeTitle(dark), dark,
			load{Every: 500 * ms, MaxSize: 100, Timeout: patience}))
	}
	// The congestion window is full soon, and nothing new is sent that would find that the
	// network is back, so that the client goes on with another connection.
	for _, dark := range []time.Duration{3 * s, 10 * s, 29 * s} {
		name := blackholeTitle(dark)
		crowded := blackhole(title{name.en + ", much to send", name.zh + "，大量待发"}, dark,
			load{Every: 100 * ms, MaxSize: 30_000, Timeout: patience})
		crowded.ends = true
		all = append(all, crowded)
	}
	return all
}

func both(name title, i testnet.Impairment) cell {
	return cell{title: name, up: i, down: i, load: usual()}
}

// narrow sends what fits through 64 kbit/s.
func narrow(c cell) cell {
	c.load.MaxSize = 200
	return c
}

func rebinding(c cell) cell {
	c.happens = func(w *world) {
		for range 6 {
			time.Sleep(3 * s)
			w.network.Rebind(clientID)
		}
	}
	return c
}

// idle is the idle timeout, and maxBackoff the longest wait for the next attempt.
const (
	idle       = 30 * s
	maxBackoff = 60 * s
)

func blackholeTitle(dark time.Duration) title {
	return title{fmt.Sprintf("blackhole of %g s", dark.Seconds()), fmt.Sprintf("黑洞 %g s", dark.Seconds())}
}

func blackhole(name title, dark time.Duration, l load) cell {
	c := both(name, testnet.Impairment{Latency: 20 * ms})
	c.load = l
	c.load.Messages = int((dark + 10*s) / c.load.Every)
	c.back = s
	if dark > idle {
		c.ends, c.back = true, maxBackoff+s
	}
	c.happens = func(w *world) {
		time.Sleep(5 * s)
		w.network.Cut(clientID)
		time.Sleep(dark)
		w.network.Mend(clientID)
		w.returned = time.Now()
		w.failing = w.attempt()
	}
	return c
}
