package bench

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// conditions is what the figures were taken under.
func (l *lab) conditions(ctx context.Context, took time.Duration) (sheet, error) {
	server, err := redisVersion(ctx)
	if err != nil {
		return sheet{}, err
	}
	l.about["zeroq "+l.version] = true
	peers := strings.Join(slices.Sorted(maps.Keys(l.about)), "; ")
	if len(l.peers) == 0 {
		peers += "; no other queue, as no --peer was given: make bench builds and runs asynq"
	}
	return sheet{
		title: "Conditions",
		about: "Rates are medians of the rounds, beside the slowest and the fastest; within a round the contenders run in turn, each run on a new, empty redis-server, but for backlogs. " +
			"\"zeroq is\" says how many times as fast, \"of itself\" how fast in parts of the first condition, each the median of the rounds' ratios. Redis s/100k and program s/100k are CPU seconds " +
			"for 100,000 tasks, in redis-server and in the contender.",
		head: []string{"condition", ""}, words: 2,
		rows: [][]string{
			{"machine", fmt.Sprintf("%s, %d cores", cpuModel(), runtime.NumCPU())},
			{"load average", loadRow(l.load)},
			{"system", strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + kernel())},
			{"Go", runtime.Version() + ", GOGC=" + os.Getenv("GOGC") + " for all contenders, as zeroq's programs have it by themselves"},
			{"redis-server", server + ", a unix socket, nothing persisted, no latency added, but where a table says otherwise"},
			{"contenders", peers},
			{"payload", fmt.Sprintf("%d bytes", payload)},
			{"runs", fmt.Sprintf("rounds: %d, of about %v each, after some that find out how many tasks take that", l.rounds, l.sizes.run)},
			{"took", took.Round(time.Second).String()},
		},
	}, nil
}

// redisVersion is that of the redis-server on PATH.
func redisVersion(ctx context.Context) (string, error) {
	p, err := site{}.open()
	if err != nil {
		return "", err
	}
	defer p.close()
	info, err := p.client.Info(ctx, "server").Result()
	_, rest, _ := strings.Cut(info, "redis_version:")
	version, _, _ := strings.Cut(rest, "\r")
	return version, err
}

// cpuModel is what Linux calls the CPU, else its architecture.
func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// kernel is the release of a Linux kernel, else empty.
func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// loadAverage is that of the last minute on Linux, else empty.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg") // not there on other systems
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// busy tells whether so much runs already that a contender would be short of CPU. What built this program counts too.
func busy(load string, cores int) bool {
	n, err := strconv.ParseFloat(load, 64)
	return err == nil && n > float64(cores)/2
}

// loadRow is what the conditions say of a load average.
func loadRow(load string) string {
	switch {
	case load == "":
		return "unknown"
	case busy(load, runtime.NumCPU()):
		return load + " at the start: the machine was busy"
	}
	return load + " at the start"
}
