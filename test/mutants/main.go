// Mutants breaks the engine on purpose, one small change at a time, and proves that the tests notice:
// each mutant must be killed by a test that was written for the engine and not for the mutant. The
// changes never touch the working tree.
//
//	make mutants
//	make mutants ARGS="settle-unfenced fetch-paused"   # only these
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/sync/errgroup"
)

// atOnce is how many mutants are built and tested at the same time.
const atOnce = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !ok {
		stop()
		os.Exit(1)
	}
}

// run tests the mutants of these names, or all, and reports whether each was killed.
func run(ctx context.Context, names []string, out, progress io.Writer) (bool, error) {
	chosen, err := choose(all(), names)
	if err != nil {
		return false, err
	}
	b, err := newBench(".")
	if err != nil {
		return false, err
	}
	defer b.close()
	begun := time.Now()
	for _, s := range suites(chosen) {
		fmt.Fprintf(progress, "%s: as it is\n", s.pkg)
		if err := b.baseline(ctx, s); err != nil {
			return false, err
		}
	}
	verdicts := make([]verdict, len(chosen))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, m := range chosen {
		group.Go(func() error {
			verdicts[i] = b.try(ctx, m)
			fmt.Fprintf(progress, "%s: %s\n", m.Name, verdicts[i].word())
			return nil
		})
	}
	_ = group.Wait() // no mutant ends the others
	return report(out, chosen, verdicts, time.Since(begun)), nil
}

// choose returns the mutants of these names, or all where there are none.
func choose(mutants []Mutant, names []string) ([]Mutant, error) {
	if len(names) == 0 {
		return mutants, nil
	}
	var chosen []Mutant
	for _, name := range names {
		i := slices.IndexFunc(mutants, func(m Mutant) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutant %s", name)
		}
		chosen = append(chosen, mutants[i])
	}
	return chosen, nil
}

// report writes the table, and what is wrong below it; it tells whether all were killed.
func report(out io.Writer, mutants []Mutant, verdicts []verdict, took time.Duration) bool {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SuppressTrailingSpaces()
	style := table.StyleDefault
	style.Box = table.BoxStyle{PaddingRight: "  "}
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(table.Row{"mutant", "what it breaks", "killed by", "seconds"})
	killed := 0
	for i, m := range mutants {
		v := verdicts[i]
		by := v.by
		if v.fate == killedBy {
			killed++
		} else {
			by = v.word()
		}
		t.AppendRow(table.Row{m.Name, m.Why, by, fmt.Sprintf("%.1f", v.took.Seconds())})
	}
	t.Render()
	for i, m := range mutants {
		if v := verdicts[i]; v.fate != killedBy {
			fmt.Fprintf(out, "\n%s (%s; %s -run '%s'): %s\n%s\n", m.Name, m.File, m.Package, m.Run, v.word(), v.output)
		}
	}
	fmt.Fprintf(out, "\n%d of %d mutants killed in %v\n", killed, len(mutants), took.Round(time.Second))
	return killed == len(mutants)
}
