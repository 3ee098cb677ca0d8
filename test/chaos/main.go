//go:build linux

// Command chaos breaks zeroq in every way it can think of, and tells what that did: see
// docs/reliability.md. It plays all the processes itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/test/chaos/rig"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

func main() {
	role.Told()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// options are what the command line says.
type options struct {
	seed     uint64
	nightly  bool
	markdown bool
	folder   string
	show     string
	peer     string
	only     []string
}

func parse() options {
	var o options
	flag.Uint64Var(&o.seed, "seed", 0, "repeat the run of this seed; 0 is a new one")
	flag.BoolVar(&o.nightly, "nightly", false, "take longer: 20 runs of each cell of the matrix, and 30 minutes of random chaos")
	flag.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flag.StringVar(&o.folder, "folder", os.TempDir(), "where runs keep their ledgers; those that broke a promise stay")
	flag.StringVar(&o.show, "show", "", "print the ledgers of a run in this folder; arguments are the numbers of the tasks to show")
	flag.StringVar(&o.peer, "peer", "", "program that plays asynq's processes, for the same faults on it; without it they are left out")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Usage: chaos [flags] [suite ...]\n\nSuites: %s. Default: all.\n\n", strings.Join(names(plays(false, "asynq")), ", "))
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.only = flag.Args(); o.seed == 0 {
		o.seed = rand.Uint64()
	}
	return o
}

// again is the command that does the same once more. Where the ledgers are and how the table looks changes
// nothing; the script finds the peer by itself.
func (o options) again() string {
	target := "chaos"
	if o.nightly {
		target = "chaos-nightly"
	}
	return fmt.Sprintf("make %s ARGS=%q", target, strings.Join(append([]string{fmt.Sprintf("-seed %d", o.seed)}, o.only...), " "))
}

func run(ctx context.Context) error {
	logx.DisableStat() // of the harness: its processes have their own logs
	logging.Disable()  // of go-redis, which tells of each Redis that is away, as many are on purpose
	o := parse()
	if o.show != "" {
		return show(os.Stdout, o.show, o.only)
	}
	acts, err := choose(plays(o.nightly, o.peer), o.only)
	if err != nil {
		return err
	}
	peer := ""
	if o.peer != "" {
		if peer, err = compared(o.peer); err != nil {
			return err
		}
	}
	folder, err := os.MkdirTemp(o.folder, "zeroq-chaos-")
	if err != nil {
		return err
	}
	defer os.Remove(folder) // unless ledgers stayed
	defer rig.RemoveClock()
	began := time.Now()
	stage := &suite.Stage{Folder: folder, Seed: o.seed, Say: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%7.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	stage.Say("seed %d", o.seed)
	if o.peer == "" {
		stage.Say("no -peer: the same faults on a peer are left out")
	}
	rows, err := suite.Play(ctx, stage, acts)
	broken := tell(rows, peer, o.markdown)
	fmt.Printf("\n%s.\n", conditions())
	fmt.Printf("%.0f s; the same again: %s\n", time.Since(began).Seconds(), o.again())
	if err == nil && broken > 0 {
		err = fmt.Errorf("%d of %d promises were not kept", broken, len(rows))
	}
	return err
}

// conditions are what the figures were measured on.
func conditions() string {
	version, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		version = []byte(err.Error())
	}
	redis, _, _ := strings.Cut(string(version), " sha=")
	return fmt.Sprintf("%d cores, %s/%s, %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), redis)
}

// tell prints all rows, and returns how many broke a promise.
func tell(rows []*suite.Row, peer string, markdown bool) (broken int) {
	compared := 0
	for _, row := range rows {
		if row.Comparison != nil {
			compared++
		}
	}
	if compared < len(rows) {
		fmt.Println(suite.Table(rows, markdown))
	}
	if compared > 0 {
		fmt.Printf("\nThe same faults on %s; both with their default leases, and at most 1 s until a failed task is tried again:\n\n%s\n", peer, suite.Comparisons(rows, markdown))
	}
	for _, row := range rows {
		if !row.OK() {
			broken++
		}
		for _, problem := range row.Problems {
			fmt.Printf("%s, %s: %s\n", row.System, row.Name, problem)
		}
	}
	return broken
}
