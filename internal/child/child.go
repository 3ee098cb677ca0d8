// Package child runs programs that do not outlive the one that started them (on Linux, however that
// ends).
package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts a program. gone is closed when it has ended. When this program ends first, Linux sends
// the child the signal.
func Start(cmd *exec.Cmd, signal syscall.Signal) (gone <-chan struct{}, err error) {
	cmd.SysProcAttr = attributes(signal)
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		// Linux ends the child when the thread that started it ends, so that thread waits for it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // who wants to know asks cmd.ProcessState
		}
	}()
	return ended, <-started
}
