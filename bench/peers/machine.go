package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// machine is where something was measured, and with what.
type machine struct {
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Memory   int               `json:"memory_gib"`
	Kernel   string            `json:"kernel"`
	Go       string            `json:"go"`
	Versions map[string]string `json:"versions"` // of the systems
}

func thisMachine() machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS, Go: runtime.Version(), Versions: map[string]string{}}
	if match := regexp.MustCompile(`model name\s*: (.*)`).FindStringSubmatch(content("/proc/cpuinfo")); match != nil {
		m.CPU = match[1]
	}
	if match := regexp.MustCompile(`MemTotal:\s*(\d+) kB`).FindStringSubmatch(content("/proc/meminfo")); match != nil {
		kib, _ := strconv.Atoi(match[1]) // which are digits
		m.Memory = (kib + 1<<19) >> 20
	}
	if release := strings.TrimSpace(content("/proc/sys/kernel/osrelease")); release != "" {
		m.Kernel = "Linux " + release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if name := dependency(dep.Path); name != "" {
				m.Versions[name] = dep.Version
			}
		}
	}
	return m
}

// dependency returns what a module is called in the document; nothing if it is not
// worth mentioning.
func dependency(path string) string {
	return map[string]string{
		"github.com/quic-go/quic-go":          "quic-go",
		"google.golang.org/grpc":              "grpc-go",
		"github.com/nats-io/nats-server/v2":   "nats-server",
		"github.com/nats-io/nats.go":          "nats.go",
		"github.com/mochi-mqtt/server/v2":     "mochi-mqtt",
		"github.com/eclipse/paho.mqtt.golang": "paho.mqtt.golang",
	}[path]
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d GiB, %s, %s", m.CPU, m.Cores, m.Memory, m.Kernel, m.Go)
}

// loadAverage returns that of the last minute; -1 if it is not known.
func loadAverage() float64 {
	fields := strings.Fields(content("/proc/loadavg"))
	if len(fields) == 0 {
		return -1
	}
	average, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return -1
	}
	return average
}

// content returns that of a file; nothing if it cannot be read.
func content(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}
