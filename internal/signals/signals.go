// Package signals keeps a process that go-zero stops from being cut short by further signals.
package signals

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/zeromicro/go-zero/core/proc"
)

// defaultWait is go-zero's own time from the first signal to the kill.
const defaultWait = 5500 * time.Millisecond

// Hold has repeated SIGTERMs and SIGINTs do no harm for the life of the process: go-zero stops
// listening at the first one, so that the second would kill a process that drains. wait is
// Shutdown.WaitTime; 0 is go-zero's default. When that has passed since the first signal, the
// process ends with exit code 1: go-zero kills with one more signal, which does no harm either.
func Hold(wait time.Duration) {
	if wait <= 0 {
		wait = defaultWait
	}
	// Nobody reads it: to listen is what keeps a signal from killing.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-proc.Done()
		<-time.After(wait)
		fmt.Fprintf(os.Stderr, "still alive %v after the signal to stop: it ends now\n", wait)
		os.Exit(1)
	}()
}
