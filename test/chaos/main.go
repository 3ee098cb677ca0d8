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
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

func main() {
	if p, ok, err := plan.Read(); ok {
		if err == nil {
			err = role.Play(p)
		}
		exit(err)
	}
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
	only     []string
}

func parse() options {
	var o options
	flag.Uint64Var(&o.seed, "seed", 0, "repeat the run of this seed; 0 is a new one")
	flag.BoolVar(&o.nightly, "nightly", false, "take longer: 20 runs of each cell of the matrix, and 30 minutes of random chaos")
	flag.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flag.StringVar(&o.folder, "folder", os.TempDir(), "where runs keep their ledgers; those that broke a promise stay")
	flag.StringVar(&o.show, "show", "", "print the ledgers of a run in this folder; arguments are the numbers of the tasks to show")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Usage: chaos [flags] [suite ...]\n\nSuites: %s. Default: all.\n\n", strings.Join(names(plays(false)), ", "))
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.only = flag.Args(); o.seed == 0 {
		o.seed = rand.Uint64()
	}
	return o
}

func run(ctx context.Context) error {
	o := parse()
	if o.show != "" {
		return show(os.Stdout, o.show, o.only)
	}
	acts, err := choose(plays(o.nightly), o.only)
	if err != nil {
		return err
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
	rows, err := suite.Play(ctx, stage, acts)
	fmt.Println(suite.Table(rows, o.markdown))
	broken := 0
	for _, row := range rows {
		if !row.OK() {
			broken++
		}
		for _, problem := range row.Problems {
			fmt.Printf("%s, %s: %s\n", row.System, row.Name, problem)
		}
	}
	fmt.Printf("%.0f s; the same again: make chaos ARGS=\"-seed %d %s\"\n", time.Since(began).Seconds(), o.seed, strings.Join(o.only, " "))
	if err == nil && broken > 0 {
		err = fmt.Errorf("%d of %d promises were not kept", broken, len(rows))
	}
	return err
}
