package bench

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
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
		about: "Rates are medians of the rounds, beside the slowest and the fastest; within a round the contenders run in turn, each run on a new, empty redis-server. " +
			"\"zeroq is\" says how many times as fast, \"of itself\" how fast in parts of the first condition, each the median of the rounds' ratios. Redis µs and program µs are CPU time for each task, in " +
			"redis-server and in the contender: 10 µs a task are 1 s for 100,000.",
		head: []string{"condition", ""}, words: 2,
		rows: [][]string{
			{"machine", fmt.Sprintf("%s, %d cores", cpuModel(), runtime.NumCPU())},
			{"system", strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + kernel())},
			{"Go", runtime.Version()},
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

// moduleVersion is a library and the version of it that this program was built with.
func moduleVersion(name, path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == path {
				return name + " " + dep.Version
			}
		}
	}
	return name
}
