package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// patience bounds the tests of one mutant: one that makes them hang is killed by that.
const patience = 90 * time.Second

// bench builds and runs tests of a module, as it is or with a mutant in place of one of its files.
type bench struct {
	root string // of the module
	temp string // for what is built
}

func newBench(root string) (*bench, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return nil, fmt.Errorf("not the root of a module: %w", err)
	}
	temp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	return &bench{root: root, temp: temp}, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.temp) }

// baseline proves that the tests pass without any mutant: else all would look killed.
func (b *bench) baseline(ctx context.Context, s suite) error {
	folder, err := os.MkdirTemp(b.temp, "")
	if err != nil {
		return err
	}
	binary, err := b.build(ctx, folder, s.pkg)
	if err != nil {
		return err
	}
	v := b.test(ctx, binary, s.pkg, s.run)
	if v.fate != survived {
		return fmt.Errorf("%s -run '%s' without a mutant: %s %s\n%s", s.pkg, s.run, v.word(), v.by, v.output)
	}
	return nil
}

// try finds out what becomes of a mutant.
func (b *bench) try(ctx context.Context, m Mutant) verdict {
	begun := time.Now()
	v := b.attempt(ctx, m)
	v.took = time.Since(begun)
	return v
}

func (b *bench) attempt(ctx context.Context, m Mutant) verdict {
	source, err := m.apply(b.root)
	if err != nil {
		return broken(err)
	}
	folder, err := os.MkdirTemp(b.temp, "")
	if err != nil {
		return broken(err)
	}
	defer os.RemoveAll(folder)
	overlay, err := b.overlay(folder, m.File, source)
	if err != nil {
		return broken(err)
	}
	binary, err := b.build(ctx, folder, m.Package, "-overlay", overlay)
	if err != nil {
		return broken(err)
	}
	return b.test(ctx, binary, m.Package, m.Run)
}

// overlay writes what has the go command read another text in place of a file, and returns its path.
// It holds for files that are embedded too.
func (b *bench) overlay(folder, file string, source []byte) (string, error) {
	mutated := filepath.Join(folder, "mutated"+filepath.Ext(file))
	if err := os.WriteFile(mutated, source, 0o600); err != nil {
		return "", err
	}
	replace := map[string]map[string]string{"Replace": {filepath.Join(b.root, file): mutated}}
	text, err := json.Marshal(replace)
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// build builds the tests of a package, and returns the path of the program.
func (b *bench) build(ctx context.Context, folder, pkg string, flags ...string) (string, error) {
	binary := filepath.Join(folder, "tests")
	// Without what a debugger needs it is linked in half the time.
	args := append([]string{"test", "-c", "-ldflags=-s -w", "-o", binary}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = b.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not build: %w\n%s", err, out)
	}
	return binary, nil
}

// test runs tests of a package until one fails.
func (b *bench) test(ctx context.Context, binary, pkg, run string) verdict {
	// Tests of leases mostly wait: more of them at once than there are cores.
	cmd := exec.CommandContext(ctx, binary, "-test.run", run, "-test.failfast", "-test.v", "-test.parallel", "8",
		"-test.timeout", patience.String())
	cmd.Dir = filepath.Join(b.root, pkg)
	cmd.WaitDelay = time.Second // what a killed program leaves behind may hold its output
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return broken(ctx.Err())
	}
	return judge(string(out), err)
}

var (
	failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	passed = regexp.MustCompile(`(?m)^ *--- PASS: `)
	hung   = regexp.MustCompile(`(?m)^panic: test timed out after .*\n(?:.*\n)?\s*(Test\S+)`)
	fell   = regexp.MustCompile(`(?m)^(?:panic|fatal error): `)
	last   = regexp.MustCompile(`(?m)^=== (?:RUN|CONT) +(\S+)`)
)

// judge reads what a run of tests has written. Only a test that has failed kills: a program that failed
// otherwise proves nothing.
func judge(output string, err error) verdict {
	if err == nil {
		if !passed.MatchString(output) {
			return broken(fmt.Errorf("no test was run"))
		}
		return verdict{fate: survived, output: tail(output)}
	}
	if name := failure(output); name != "" {
		return verdict{fate: killedBy, by: name, output: tail(output)}
	}
	if m := hung.FindStringSubmatch(output); m != nil {
		return verdict{fate: killedBy, by: m[1] + " (hangs)", output: tail(output)}
	}
	if at := fell.FindStringIndex(output); at != nil {
		if tests := last.FindAllStringSubmatch(output[:at[0]], -1); tests != nil {
			return verdict{fate: killedBy, by: tests[len(tests)-1][1] + " (crashes)", output: tail(output)}
		}
	}
	return broken(fmt.Errorf("no test failed, but their program did: %w\n%s", err, tail(output)))
}

// failure is the first test that failed, not one that failed by one of its parts; empty for none.
func failure(output string) string {
	matches := failed.FindAllStringSubmatch(output, -1)
	for _, m := range matches {
		if !slices.ContainsFunc(matches, func(part []string) bool { return strings.HasPrefix(part[1], m[1]+"/") }) {
			return m[1]
		}
	}
	return ""
}

// tail is the end of what tests wrote.
func tail(output string) string {
	const most = 30
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
