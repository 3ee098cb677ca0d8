package child

import "syscall"

// attributes have the kernel signal the child when the thread that started it ends in whatever way,
// and keep it out of the terminal's process group: Ctrl-C is for the parent, which decides.
func attributes(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: signal, Setpgid: true}
}
