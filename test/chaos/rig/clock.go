//go:build linux

package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// clockEnv tells a program of [wrongClock] by how many seconds its wall clock is wrong.
const clockEnv = "ZEROQ_CHAOS_CLOCK"

// The wall clock of a Go program cannot be set from outside: it asks the kernel through memory that
// both share. So the program is built once more, on a standard library whose time.Now adds what the
// environment says.
const (
	rightNow = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	wrongNow = "\tsec, nsec, mono := runtimeNow()\n\tsec += wrongBy()\n\tif mono == 0 {"

	wrongBy = `package time

import (
	"sync"
	"syscall"
)

var wrongBy = sync.OnceValue(func() int64 {
	text, _ := syscall.Getenv("` + clockEnv + `")
	seconds, _ := atoi(text)
	return int64(seconds)
})
`
)

var clock struct {
	mu      sync.Mutex
	program string
}

// wrongClock returns the path of this harness's program as it is with a wrong wall clock. It is built
// when it is first asked for, and deleted by [RemoveClock].
func wrongClock(ctx context.Context) (string, error) {
	clock.mu.Lock()
	defer clock.mu.Unlock()
	if clock.program != "" {
		return clock.program, nil
	}
	folder, err := os.MkdirTemp("", "zeroq-clock-")
	if err != nil {
		return "", err
	}
	overlay, err := writeOverlay(ctx, folder)
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "chaos")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "github.com/zeroq-dev/zeroq/test/chaos")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build with a wrong clock: %w\n%s", err, output)
	}
	clock.program = program
	return program, nil
}

// RemoveClock deletes what [wrongClock] built, if it did.
func RemoveClock() error {
	clock.mu.Lock()
	defer clock.mu.Unlock()
	if clock.program == "" {
		return nil
	}
	folder := filepath.Dir(clock.program)
	clock.program = ""
	return os.RemoveAll(folder)
}

// writeOverlay writes what stands in for the standard library's own files, and the list of it.
func writeOverlay(ctx context.Context, folder string) (list string, err error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("a wrong clock needs the go command: %w", err)
	}
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		return "", err
	}
	if strings.Count(string(source), rightNow) != 1 {
		return "", errors.New("time.Now of this Go is not as it was: a wrong clock cannot be built")
	}
	files := map[string]string{
		"time.go":  strings.Replace(string(source), rightNow, wrongNow, 1),
		"wrong.go": wrongBy,
	}
	replace := make(map[string]string)
	for name, content := range files {
		replace[filepath.Join(library, name)] = filepath.Join(folder, name)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(folder, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}
